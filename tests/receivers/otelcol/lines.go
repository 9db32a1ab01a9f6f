// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"os"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// The exporter "lines": appends what has arrived to a file, a line of
// OTLP's JSON for each request, in the Collector's own words.
type linesConfig struct {
	Path string `mapstructure:"path"`
}

func (c *linesConfig) Validate() error {
	if c.Path == "" {
		return errors.New("lines: path is missing")
	}
	return nil
}

type lines struct {
	mutex sync.Mutex
	path  string
}

func (l *lines) add(line []byte, err error) error {
	if err != nil {
		return err
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	file, err := os.OpenFile(l.path,
		os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.Write(append(line, '\n'))
	return err
}

func (l *lines) metrics(_ context.Context, m pmetric.Metrics) error {
	return l.add((&pmetric.JSONMarshaler{}).MarshalMetrics(m))
}

func (l *lines) traces(_ context.Context, t ptrace.Traces) error {
	return l.add((&ptrace.JSONMarshaler{}).MarshalTraces(t))
}

func newLinesFactory() exporter.Factory {
	stays := exporterhelper.WithCapabilities(
		consumer.Capabilities{MutatesData: false})
	return exporter.NewFactory(component.MustNewType("lines"),
		func() component.Config { return &linesConfig{} },
		exporter.WithMetrics(func(ctx context.Context,
			set exporter.Settings, config component.Config) (
			exporter.Metrics, error) {
			l := &lines{path: config.(*linesConfig).Path}
			return exporterhelper.NewMetrics(ctx, set, config,
				l.metrics, stays)
		}, component.StabilityLevelStable),
		exporter.WithTraces(func(ctx context.Context,
			set exporter.Settings, config component.Config) (
			exporter.Traces, error) {
			l := &lines{path: config.(*linesConfig).Path}
			return exporterhelper.NewTraces(ctx, set, config,
				l.traces, stays)
		}, component.StabilityLevelStable))
}
