// SPDX-License-Identifier: GPL-2.0-only
//
// A collector that fails on request. It takes OTLP over HTTP and gRPC, decodes
// all that it takes with the official .proto files, and counts it.
//
//   node otlp_faults.js PROTO_DIR [TLS_DIR [LINES]]
//
// TLS_DIR holds ca.pem, server.pem and server.key; '' is none. To the file LINES
// a line of JSON is added for each metrics request that was taken or answered
// as if: {fault, taken, request}, the request as OTLP's JSON.
//
// Prints one line of JSON with its ports: http, grpc, rawGrpc (HTTP/2 by hand,
// for what a gRPC library does not do), tcp (bytes by hand), control; with
// TLS_DIR https and grpcs. It ends with its standard input.
//
// Control: GET /mode/NAME[/TIMES] sets the mode of all ports, for so many
// requests (default: until the next); GET /totals answers with what was taken.
'use strict';
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const https = require('https');
const net = require('net');
const path = require('path');
const zlib = require('zlib');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [protoDir, tlsDir, lines] = process.argv.slice(2);
const FIVE_GB = 5e9;
const LIMIT = 2000; // bytes, of the mode too-large
const COLLECTOR = 'opentelemetry.proto.collector';

const protos = loader.loadSync(
	['metrics', 'trace'].map((signal) => path.join(protoDir,
		`opentelemetry/proto/collector/${signal}/v1/${signal}_service.proto`)),
	{ includeDirs: [protoDir], longs: String });
const services = {
	metrics: protos[`${COLLECTOR}.metrics.v1.MetricsService`],
	traces: protos[`${COLLECTOR}.trace.v1.TraceService`],
};

// --- mode and totals --------------------------------------------------------

let mode = 'ok', left = Infinity;

// The mode of one request.
function nextMode() {
	if (left <= 0)
		return 'ok';
	left--;
	return mode;
}

const totals = {
	connections: 0, // of HTTP
	requests: 0, taken: 0, points: 0, spans: 0, undecoded: 0, bytes: 0,
	metrics: {}, // name: {points, count, sum} of the latest of each series
	headers: {}, path: '', // of the latest request
};
const series = new Map();

function add(name, key, count, sum, isDelta) {
	const before = series.get(key);
	const now = isDelta && before ?
		{ count: before.count + count, sum: before.sum + sum } :
		{ count, sum };
	const metric = totals.metrics[name] ||=
		{ series: 0, count: 0, sum: 0 };

	series.set(key, now);
	metric.series += before ? 0 : 1;
	metric.count += now.count - (before ? before.count : 0);
	metric.sum += now.sum - (before ? before.sum : 0);
}

function takeMetrics(message) {
	for (const r of message.resourceMetrics || [])
		for (const s of r.scopeMetrics || [])
			for (const m of s.metrics || []) {
				const data = m.exponentialHistogram || m.histogram ||
					m.sum || m.gauge;
				const isDelta = data.aggregationTemporality === 1;
				for (const p of data.dataPoints) {
					const key = JSON.stringify([r.resource, m.name,
						p.attributes]);
					const n = Number(p.count ?? p.asInt ??
						p.asDouble ?? 0);

					totals.points++;
					add(m.name, key, n, Number(p.sum ?? n),
						isDelta);
				}
			}
}

function takeSpans(message) {
	for (const r of message.resourceSpans || [])
		for (const s of r.scopeSpans || [])
			totals.spans += s.spans.length;
}

// Before the answer: whoever has that finds the line.
function note(fault, taken, signal, message) {
	if (lines && signal === 'metrics')
		fs.appendFileSync(lines, JSON.stringify(
			{ fault, taken, request: message }) + '\n');
}

function take(signal, message, fault) {
	note(fault, true, signal, message);
	totals.taken++;
	if (signal === 'metrics')
		takeMetrics(message);
	else
		takeSpans(message);
}

// --- answers that HTTP and gRPC share ----------------------------------------

function partial(signal, rejected, errorMessage) {
	const name = signal === 'metrics' ? 'rejectedDataPoints' : 'rejectedSpans';

	return { partialSuccess: { [name]: rejected, errorMessage } };
}

const partials = {
	partial: (signal) => partial(signal, 3, 'three are too old'),
	'empty-partial': (signal) => partial(signal, 0, ''),
	warning: (signal) => partial(signal, 0, 'use the other port'),
};

function varint(n) {
	return n < 128 ? [n] : [(n & 127) | 128, ...varint(n >> 7)];
}

function field(number, bytes) {
	return [number << 3 | 2, ...varint(bytes.length), ...bytes];
}

// google.rpc.Status with a RetryInfo.
function retryInfo(seconds) {
	const any = [
		...field(1, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')),
		...field(2, field(1, [1 << 3, ...varint(seconds)]))];

	return Buffer.from([1 << 3, 8, ...field(3, any)]);
}

// Bytes without end, as fast as they are read.
function pour(stream, total) {
	const block = Buffer.alloc(1 << 20, 'x');
	let sent = 0;
	const more = () => {
		while (sent < total) {
			sent += block.length;
			if (!stream.write(block)) {
				stream.once('drain', more);
				return;
			}
		}
		stream.end();
	};
	stream.on('error', () => {});
	more();
}

// --- HTTP ---------------------------------------------------------------------

const httpFaults = {
	429: (res) => res.writeHead(429).end(),
	502: (res) => res.writeHead(502).end('<html>bad gateway</html>'),
	'503-seconds': (res) => res.writeHead(503, { 'Retry-After': '7' }).end(),
	'503-soon': (res) => res.writeHead(503, { 'Retry-After': '3' }).end(),
	'503-date': (res) => res.writeHead(503, {
		'Retry-After': new Date(Date.now() + 9000).toUTCString() }).end(),
	'503-soon-date': (res) => res.writeHead(503, {
		'Retry-After': new Date(Date.now() + 4000).toUTCString() }).end(),
	504: (res) => res.writeHead(504).end(),
	400: (res) => res.writeHead(400, { 'Content-Type': 'text/plain' })
		.end('a field is missing\nand more'),
	hang: () => {},
	disconnect: (res) => {
		res.writeHead(200, { 'Content-Length': '1000' });
		res.write('abc', () => res.socket.destroy());
	},
	garbage: (res) => res.socket.end('\x00\xff\x13garbage\r\n\r\n'),
	'garbage-body': (res) => res.writeHead(200).end('\xff\xfe\xfd'),
	redirect: (res) => res.writeHead(307,
		{ Location: 'http://user:secret@127.0.0.1:1/x?secret' }).end(),
	'5gb': (res) => pour(res.writeHead(200), FIVE_GB),
	'5gb-503': (res) => pour(res.writeHead(503), FIVE_GB),
	'5gb-header': (res) => {
		res.socket.write('HTTP/1.1 200 OK\r\n');
		for (let i = 0; i < 100000 && !res.socket.destroyed; i++)
			res.socket.write(`X-${i}: ${'x'.repeat(1000)}\r\n`);
		res.socket.destroy();
	},
};

function decodeHttp(req, body, signal) {
	if (req.headers['content-encoding'] === 'gzip')
		body = zlib.gunzipSync(body);
	if (req.headers['content-type'] === 'application/json')
		return JSON.parse(body);
	return services[signal].Export.requestDeserialize(body);
}

// Faults whose answer says that the request was taken, though it was not.
const pretends = new Set(['garbage-body', '5gb', '5gb-header']);

function httpSignal(req) {
	return req.url.endsWith('/v1/traces') ? 'traces' : 'metrics';
}

function takeHttp(req, res, body, fault) {
	const signal = httpSignal(req);
	const json = req.headers['content-type'] === 'application/json';
	const answer = (partials[fault] || (() => ({})))(signal);

	if (fault === 'too-large' && body.length > LIMIT) {
		res.writeHead(413).end();
		return;
	}
	try {
		take(signal, decodeHttp(req, body, signal), fault);
	} catch (err) {
		totals.undecoded++;
		res.writeHead(400, { 'Content-Type': 'text/plain' })
			.end(String(err));
		return;
	}
	// It was taken, and nobody is told so.
	if (fault === 'lost-answer') {
		res.socket.destroy();
		return;
	}
	res.writeHead(200, { 'Content-Type': req.headers['content-type'] });
	res.end(json ? JSON.stringify(answer) :
		services[signal].Export.responseSerialize(answer));
}

function serveHttp(req, res) {
	const parts = [];

	req.on('data', (part) => parts.push(part));
	req.on('end', () => {
		const fault = nextMode(), body = Buffer.concat(parts);

		totals.requests++;
		totals.bytes += body.length;
		totals.headers = req.headers;
		totals.path = req.url;
		if (pretends.has(fault))
			note(fault, false, httpSignal(req),
				decodeHttp(req, body, httpSignal(req)));
		if (httpFaults[fault])
			httpFaults[fault](res);
		else
			takeHttp(req, res, body, fault);
	});
}

function httpServer(server, event) {
	server.on(event, () => totals.connections++);
	return listen(server);
}

// --- gRPC ---------------------------------------------------------------------

function status(code, details, metadata) {
	return { code, details, metadata };
}

const grpcFaults = {
	unavailable: () => status(14, 'down for repair'),
	'trailers-only': () => status(14, 'never more'),
	aborted: () => status(10, ''),
	invalid: () => status(3, 'a field is missing'),
	exhausted: () => status(8, 'quota'),
	'exhausted-soon': () => {
		const metadata = new grpc.Metadata();

		metadata.set('grpc-status-details-bin', retryInfo(3));
		return status(8, 'quota', metadata);
	},
	'exhausted-size': () => status(8, 'received message larger than max'),
	'exhausted-retry': () => {
		const metadata = new grpc.Metadata();

		metadata.set('grpc-status-details-bin', retryInfo(11));
		return status(8, 'quota', metadata);
	},
};

function serveGrpc(signal, call, done) {
	const fault = nextMode();

	totals.requests++;
	totals.headers = call.metadata.getMap();
	if (fault === 'hang')
		return;
	if (grpcFaults[fault]) {
		// With headers of its own, trailers come apart.
		if (fault !== 'trailers-only')
			call.sendMetadata(new grpc.Metadata());
		done(grpcFaults[fault]());
		return;
	}
	take(signal, call.request, fault);
	done(null, (partials[fault] || (() => ({})))(signal));
}

function grpcServer(credentials) {
	const server = new grpc.Server(
		{ 'grpc.max_receive_message_length': 4 << 20 });

	for (const signal of Object.keys(services))
		server.addService(services[signal], {
			Export: (call, done) => serveGrpc(signal, call, done) });
	return new Promise((resolve, reject) => server.bindAsync(
		'127.0.0.1:0', credentials,
		(err, port) => err ? reject(err) : resolve(port)));
}

const rawFaults = {
	disconnect: (stream) => {
		stream.respond({ ':status': 200,
			'content-type': 'application/grpc' });
		stream.write(Buffer.from([0, 0]), () =>
			stream.session.destroy());
	},
	garbage: (stream) => {
		stream.respond({ ':status': 200, 'content-type': 'text/html' });
		stream.end('<html>');
	},
	'garbage-message': (stream) => {
		stream.respond({ ':status': 200,
			'content-type': 'application/grpc' },
			{ waitForTrailers: true });
		stream.on('wantTrailers', () =>
			stream.sendTrailers({ 'grpc-status': '0' }));
		stream.end('garbage');
	},
	redirect: (stream) => stream.respond({ ':status': 302,
		location: 'http://127.0.0.1:1/' }, { endStream: true }),
	503: (stream) => stream.respond({ ':status': 503 },
		{ endStream: true }),
	413: (stream) => stream.respond({ ':status': 413 },
		{ endStream: true }),
	reset: (stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM),
	'5gb': (stream) => {
		stream.respond({ ':status': 200,
			'content-type': 'application/grpc' });
		pour(stream, FIVE_GB);
	},
};

// A gRPC request as it should be: a frame of five bytes and the message.
function takeRaw(stream, frame, signal, fault) {
	const message = services[signal].Export.requestDeserialize(
		frame[0] ? zlib.gunzipSync(frame.subarray(5)) :
			frame.subarray(5));

	if (fault === 'garbage-message') {
		note(fault, false, signal, message);
		rawFaults[fault](stream);
		return;
	}
	take(signal, message, fault);
	stream.respond({ ':status': 200, 'content-type': 'application/grpc' },
		{ waitForTrailers: true });
	stream.on('wantTrailers', () =>
		stream.sendTrailers({ 'grpc-status': '0' }));
	stream.end(Buffer.alloc(5));
}

function serveRaw(stream, headers) {
	const signal = headers[':path'].includes('.trace.') ? 'traces' :
		'metrics';
	const parts = [];

	stream.on('error', () => {});
	stream.on('data', (part) => parts.push(part));
	stream.on('end', () => {
		const fault = nextMode();

		totals.requests++;
		totals.headers = headers;
		if (fault === 'ok' || fault === 'garbage-message')
			takeRaw(stream, Buffer.concat(parts), signal, fault);
		else
			(rawFaults[fault] || rawFaults.garbage)(stream);
	});
}

// --- TCP ----------------------------------------------------------------------

// Never a handshake; or bytes that are no protocol.
function serveTcp(socket) {
	socket.on('error', () => {});
	socket.once('data', () => {
		totals.requests++;
		if (nextMode() === 'garbage')
			socket.end(Buffer.alloc(5000, 0xee));
	});
}

// --- control ------------------------------------------------------------------

function serveControl(req, res) {
	const [, verb, name, times] = req.url.split('/');

	if (verb === 'mode') {
		mode = decodeURIComponent(name);
		left = times ? Number(times) : Infinity;
	} else if (verb !== 'totals') {
		res.writeHead(404).end();
		return;
	}
	res.writeHead(200, { 'Content-Type': 'application/json' });
	res.end(JSON.stringify(totals));
}

function listen(server) {
	server.on('error', (err) => { throw err; });
	return new Promise((resolve) => server.listen(0, '127.0.0.1',
		() => resolve(server.address().port)));
}

async function main() {
	const raw = http2.createServer();
	const ports = {};

	raw.on('stream', serveRaw);
	raw.on('sessionError', () => {});
	ports.http = await httpServer(http.createServer(serveHttp),
		'connection');
	ports.grpc = await grpcServer(grpc.ServerCredentials.createInsecure());
	ports.rawGrpc = await listen(raw);
	ports.tcp = await listen(net.createServer(serveTcp));
	ports.control = await listen(http.createServer(serveControl));
	if (tlsDir) {
		const read = (name) => fs.readFileSync(path.join(tlsDir, name));
		const key = read('server.key'), cert = read('server.pem');

		ports.https = await httpServer(https.createServer({ key, cert,
			ca: read('ca.pem'), requestCert: true,
			rejectUnauthorized: false }, serveHttp),
		'secureConnection');
		ports.grpcs = await grpcServer(grpc.ServerCredentials.createSsl(
			null, [{ private_key: key, cert_chain: cert }]));
	}
	console.log(JSON.stringify(ports));
}

process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
main();
