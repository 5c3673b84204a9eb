'use strict';
// The servers under test: how each is started, and what it can do.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');

const PEERS = path.join(__dirname, '../peers');
const CACHE = process.env.SC_BENCH_CACHE;
const AUTH_KEY = 'bench';
const READY_MS = 15000;
const STOP_MS = 5000;

const SERVERS = {
  ours: { title: 'sc-cluster', protocol: 'sc', hasPresence: true, hasWorkers: true },
  sc6: { title: 'SocketCluster 6.8.0 (ws)', protocol: 'sc', hasPresence: true, hasWorkers: true },
  sc20: { title: 'socketcluster-server 20.0.1, no broker', protocol: 'sc', hasPresence: false },
  nchan: { title: 'Nchan, no broker', protocol: 'nchan', hasPresence: false },
};

function isInstalled(name) {
  return name === 'ours' || fs.existsSync(path.join(CACHE, name, 'installed'));
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function oursCommand(port, setup) {
  const config = path.join(CACHE, 'ours.json');
  fs.writeFileSync(config, JSON.stringify(setup.options || {}));
  const args = ['-w', setup.workers || 1, '-b', setup.brokers || 1, '-p', port, '--host', '127.0.0.1'];
  args.push('--auth-key', AUTH_KEY, '--config', config);
  if (setup.presence) args.push('--plugin', 'stateless_presence');
  return [path.join(process.env.SC_BUILD_DIR, 'bin/sc-cluster'), args.map(String)];
}

function nchanCommand(port, setup) {
  const run = path.join(CACHE, 'nchan-run');
  const root = path.join(CACHE, 'nchan/root');
  fs.mkdirSync(run, { recursive: true });
  const values = { ROOT: root, RUN: run, PORT: port, WORKERS: setup.workers || 1 };
  const text = fs.readFileSync(path.join(PEERS, 'nchan/nginx.conf'), 'utf8');
  const file = path.join(run, 'nginx.conf');
  fs.writeFileSync(file, text.replace(/@([A-Z]+)@/g, (_, key) => values[key]));
  return [path.join(root, 'usr/sbin/nginx'), ['-c', file, '-p', run, '-e', 'stderr']];
}

function command(name, port, setup) {
  if (name === 'ours') return oursCommand(port, setup);
  if (name === 'nchan') return nchanCommand(port, setup);
  return [process.execPath, [path.join(PEERS, name, 'server.js')]];
}

async function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const end = (isOpen) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Our master and the scripts of the peers print a line with "ready"; nginx is ready when it accepts.
async function waitReady(name, server) {
  const until = Date.now() + READY_MS;
  while (Date.now() < until && server.child.exitCode === null) {
    if (name === 'nchan' ? await accepts(server.port) : /^ready/m.test(server.output)) return;
    await sleep(20);
  }
  await stop(server);
  throw new Error(`${name} did not start: ${server.output.slice(-1000)}`);
}

// setup: workers, brokers, presence, options (ours only)
async function start(name, setup = {}) {
  const port = await freePort();
  const [program, args] = command(name, port, setup);
  const child = spawn(program, args, {
    cwd: CACHE,
    env: {
      ...process.env,
      SC_BENCH_PEER: path.join(CACHE, name),
      SC_BENCH_PORT: port,
      SC_BENCH_WORKERS: setup.workers || 1,
      SC_BENCH_BROKERS: setup.brokers || 1,
      SC_BENCH_AUTH_KEY: AUTH_KEY,
      SC_BENCH_PRESENCE: setup.presence ? '1' : '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const server = { name, port, pid: child.pid, child, output: '', isGone: false };
  const keep = (data) => { server.output = (server.output + data).slice(-20000); };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.once('exit', () => { server.isGone = true; });
  child.once('error', keep);
  await waitReady(name, server);
  return server;
}

function descendants(pid) {
  let children = '';
  try {
    children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  } catch {
    return []; // it has ended
  }
  const pids = children.split(' ').filter(Boolean).map(Number);
  return pids.concat(...pids.map(descendants));
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended
  }
}

// Waits until the processes of a server have so many descriptors open.
async function untilConnected(server, count, limitMs) {
  const until = Date.now() + limitMs;
  const open = () => descendants(server.pid).reduce((sum, pid) => sum + fs.readdirSync(`/proc/${pid}/fd`).length, 0);
  while (open() < count && Date.now() < until) await sleep(200);
}

// SIGTERM first; what is left of the tree after a while is killed by the ids that were seen in it.
async function stop(server) {
  const pids = descendants(server.pid);
  kill(server.pid, 'SIGTERM');
  const until = Date.now() + STOP_MS;
  while (!server.isGone && Date.now() < until) await sleep(20);
  if (!server.isGone) kill(server.pid, 'SIGKILL');
  for (const pid of pids) {
    if (fs.existsSync(`/proc/${pid}`)) kill(pid, 'SIGKILL');
  }
}

module.exports = { SERVERS, isInstalled, start, stop, untilConnected };
