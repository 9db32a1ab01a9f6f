// SPDX-License-Identifier: GPL-2.0-only
// A small HTTP server on node for the end-to-end tests: answers everything,
// counts what it answered, says so as JSON when it is told to end. /block?ms=N
// keeps the loop busy before it answers, /wait?ms=N lets a timer answer.
'use strict';
const http = require('http');

let requests = 0;
const server = http.createServer((request, response) => {
	requests++;
	request.resume();
	response.setHeader('Content-Type', 'text/plain');
	const url = new URL(request.url, 'http://peer');
	const ms = Number(url.searchParams.get('ms') || 0);
	if (url.pathname === '/wait') {
		setTimeout(() => response.end('fine\n'), ms);
		return;
	}
	const end = performance.now() + ms;
	while (url.pathname === '/block' && performance.now() < end)
		;
	response.end('fine\n');
});

server.keepAliveTimeout = 60000;
server.listen(0, '127.0.0.1', () => {
	console.log(JSON.stringify({
		event: 'ready', pid: process.pid, port: server.address().port,
	}));
});

process.on('SIGTERM', () => {
	console.log(JSON.stringify({event: 'end', requests}));
	process.exit(0);
});
