// SPDX-License-Identifier: GPL-2.0-only
// A small HTTP server on node for the end-to-end tests: answers everything,
// counts what it answered, says so as JSON when it is told to end.
'use strict';
const http = require('http');

let requests = 0;
const server = http.createServer((request, response) => {
	requests++;
	request.resume();
	response.setHeader('Content-Type', 'text/plain');
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
