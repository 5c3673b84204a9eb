'use strict';
// SocketCluster 6.8 as its sample starts it, with the ws engine. Ready when the master says so.
const path = require('path');
const {SocketCluster} = require(path.join(process.env.SC_BENCH_PEER, 'node_modules/socketcluster'));

const cluster = new SocketCluster({
  workers: Number(process.env.SC_BENCH_WORKERS),
  brokers: Number(process.env.SC_BENCH_BROKERS),
  port: Number(process.env.SC_BENCH_PORT),
  host: '127.0.0.1',
  wsEngine: 'ws',
  authKey: process.env.SC_BENCH_AUTH_KEY,
  workerController: path.join(__dirname, 'worker.js'),
  brokerController: path.join(__dirname, 'broker.js'),
  socketChannelLimit: 1000,
  logLevel: 1,
  environment: 'prod',
});
cluster.on('ready', () => console.log('ready'));
