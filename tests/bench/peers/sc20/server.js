'use strict';
// socketcluster-server 20 on an HTTP server: one process, its own broker within it.
const http = require('http');
const path = require('path');
const {attach} = require(path.join(process.env.SC_BENCH_PEER, 'node_modules/socketcluster-server'));

const server = http.createServer();
attach(server, {authKey: process.env.SC_BENCH_AUTH_KEY});
server.listen(Number(process.env.SC_BENCH_PORT), '127.0.0.1', () => console.log('ready'));
