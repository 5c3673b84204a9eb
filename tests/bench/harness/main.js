'use strict';
// Runs the loads on each server in turn, bounded in time, and writes the report.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { LOADS, GROWTH } = require('./loads');
const { SERVERS, isInstalled, start, stop, untilConnected } = require('./servers');
const report = require('./report');

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    server: { type: 'string' },
    output: { type: 'string' },
  },
});

const CACHE = process.env.SC_BENCH_CACHE;
const MEASURE_MS = flags.quick ? 700 : 3000;
const GROWTH_MS = flags.quick ? 300 : 1000;
const DEADLINE = Date.now() + (flags.quick ? 110 : 570) * 1000;
const KINDS = ['fanout', 'open', 'idle', 'presence', 'growth'];
const kinds = flags.only ? flags.only.split(',') : KINDS.filter((kind) => !flags.quick || kind !== 'growth');
const wanted = flags.server ? flags.server.split(',') : Object.keys(SERVERS);
const measured = { loads: {}, growth: {}, notes: [] };
const running = { generators: new Set(), server: null }; // ended with this process

function remainingMs() {
  return DEADLINE - Date.now();
}

// One run of a load generator: what it printed, or {failed}. It is ended when its time is over.
function generate(args, limitMs) {
  return new Promise((resolve) => {
    const [name, ...rest] = args;
    const child = spawn(path.join(process.env.SC_BUILD_DIR, 'tests/bench', name), rest.map(String));
    running.generators.add(child);
    const timer = setTimeout(() => child.kill('SIGKILL'), Math.max(1, Math.min(limitMs, remainingMs())));
    let out = '';
    let errors = '';
    child.stdout.on('data', (data) => { out += data; });
    child.stderr.on('data', (data) => { errors += data; });
    child.on('error', (error) => { errors += error.message; });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      running.generators.delete(child);
      if (code === 0) resolve(JSON.parse(out));
      else resolve({ failed: signal ? 'not within its time' : errors.trim().split('\n').pop() || `exit code ${code}` });
    });
  });
}

function record(id, server, result) {
  measured.loads[id] ||= {};
  measured.loads[id][server] = result;
  const shown = result.failed ? `fails: ${result.failed}` : JSON.stringify(result);
  console.log(`${server} ${id}: ${shown}`);
}

async function onServer(name, setup, work) {
  let server;
  try {
    server = await start(name, setup);
  } catch (error) {
    measured.notes.push(error.message.split('\n')[0]);
    console.error(error.message);
    return;
  }
  running.server = server;
  try {
    await work(server);
  } finally {
    running.server = null;
    await stop(server);
  }
}

function target(server) {
  return ['--port', server.port, '--pid', server.pid];
}

function servesLoad(load, name) {
  if (load.servers && !load.servers.includes(name)) return false;
  return !load.isPresence || SERVERS[name].hasPresence;
}

// Each load has a server of its own: what one leaves behind in a heap is not charged to the next.
async function runFanouts(name) {
  for (const load of LOADS) {
    if (!['fanout', 'open'].includes(load.name) || !kinds.includes(load.name) || remainingMs() < 5000) continue;
    await onServer(name, {}, async (server) => {
      const args = [...load.args(SERVERS[name].protocol, MEASURE_MS), ...target(server)];
      record(load.id, name, await generate(args, MEASURE_MS + 15000));
    });
  }
}

async function runIdle(name) {
  if (!kinds.includes('idle') || remainingMs() < 20000) return;
  if (flags.quick && !flags.only && !['ours', 'sc6'].includes(name)) return;
  const connections = flags.quick ? 2000 : 10000;
  const pingMs = flags.quick ? 8000 : 16000;
  await onServer(name, {}, async (server) => {
    const args = ['idle', '--protocol', SERVERS[name].protocol, '--connections', connections,
      '--ping-milliseconds', pingMs, ...target(server)];
    const result = await generate(args, pingMs + 40000);
    for (const load of LOADS.filter((each) => each.isIdle)) record(load.id, name, result);
  });
}

function endGenerators() {
  for (const child of running.generators) child.kill('SIGKILL');
}

// Four programs, because one may have too few descriptors; the last one measures: what its own connections cost on top of the
// others, and the pings of all.
async function runManyIdle() {
  if (flags.quick || !kinds.includes('idle') || !wanted.includes('ours') || remainingMs() < 60000) return;
  await onServer('ours', { workers: 4 }, async (server) => {
    const share = 12500;
    const args = (index, pingMs) => ['idle', '--connections', share, '--source-first', index, '--ping-milliseconds', pingMs,
      '--concurrency', 256, ...target(server)];
    for (let index = 0; index < 3; index++) {
      generate(args(index, 60000), 70000);
      await untilConnected(server, share * (index + 1), 20000);
    }
    const result = await generate(args(3, 16000), 60000);
    const text = result.failed
      ? `fails: ${result.failed}`
      : `the last ${share} took ${Math.round(result.connect_cpu_us)} µs of CPU each to connect and ` +
        `${Math.round(result.private_dirty_bytes_each)} bytes each; pings to all take ${result.ping_cores.toFixed(3)} cores; ` +
        `${result.lost} lost`;
    measured.notes.push(`50,000 idle connections on 4 workers: ${text}.`);
    console.log(measured.notes.at(-1));
    endGenerators();
  });
}

async function runPresence(name) {
  for (const load of LOADS) {
    const takes = load.isPresence && kinds.includes('presence') && servesLoad(load, name);
    if (!takes || (flags.quick && (load.isLong || name !== 'ours')) || remainingMs() < 10000) continue;
    await onServer(name, { presence: true, ...load.setup }, async (server) => {
      const args = [...load.args(), '--limit', load.limit, ...target(server)];
      record(load.id, name, await generate(args, load.limit * 3000));
    });
  }
}

async function runFloors() {
  for (const load of LOADS) {
    if (!load.floor || !measured.loads[load.id]) continue;
    const floors = {};
    for (const [name, args] of Object.entries(load.floor)) {
      floors[name] = await generate([...args, '--milliseconds', flags.quick ? 300 : 1000], 10000);
    }
    if (!Object.values(floors).some((floor) => floor.failed)) measured.loads[load.id].floors = floors;
  }
}

async function runGrowth() {
  if (!kinds.includes('growth') || !wanted.includes('ours')) return;
  for (const curve of GROWTH) {
    const points = flags.quick ? curve.points.filter((_, index) => index % 2 === 0) : curve.points;
    for (const point of points) {
      if (remainingMs() < 10000) return;
      await onServer('ours', curve.setup(point), async (server) => {
        const args = ['fanout', ...curve.args(point), '--milliseconds', GROWTH_MS, '--warmup', 300, ...target(server)];
        const result = await generate(args, 20000);
        console.log(`growth ${curve.id} ${point}: ${JSON.stringify(result)}`);
        (measured.growth[curve.id] ||= []).push([point, result]);
        if (result.failed) measured.notes.push(`Growth, ${curve.id} ${point} fails: ${result.failed}.`);
      });
    }
  }
}

async function main() {
  for (const name of wanted) {
    if (!SERVERS[name]) throw new Error(`no server is called ${name}`);
    if (!isInstalled(name)) {
      measured.notes.push(`${SERVERS[name].title} was left out: it could not be installed.`);
      continue;
    }
    await runFanouts(name);
    await runIdle(name);
    await runPresence(name);
  }
  await runManyIdle();
  await runFloors();
  await runGrowth();
  if (remainingMs() < 10000) measured.notes.push('The time was over before all loads had run.');
  const isWhole = !flags.quick && !flags.only && !flags.server;
  const output = flags.output || (isWhole ? path.join(__dirname, '..') : path.join(CACHE, 'results'));
  fs.writeFileSync(path.join(CACHE, 'measured.json'), JSON.stringify(measured, null, 1));
  console.log(`written: ${report.write(measured, path.resolve(output))}`);
}

async function onSignal() {
  endGenerators();
  if (running.server) await stop(running.server);
  process.exit(130);
}

process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);
main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
