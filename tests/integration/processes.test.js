'use strict';
// Master, workers and brokers: who starts whom, what happens when one dies, stops and restarts.

const assert = require('node:assert');
const { describe, test } = require('node:test');
const { Client, VERSIONS } = require('./support/clients');
const { Cluster, childrenOf, isAlive } = require('./support/cluster');
const { RawSocket, get } = require('./support/raw');
const { until } = require('./support/wait');

const PLUGINS = [{ test: 'trace_app' }, { test: 'whoami' }, { test: 'crash' }, { test: 'probe' }, 'health_check'];
const CALM = { pingInterval: 60000, pingTimeout: 120000 };

function start(t, settings = {}) {
  return Cluster.of(t, { workers: 2, brokers: 2, plugins: PLUGINS, ...settings, options: { ...CALM, ...settings.options } });
}

async function both(t, cluster) {
  const sockets = [await cluster.connectOn(0), await cluster.connectOn(1)];
  t.after(() => sockets.forEach((raw) => raw.destroy()));
  return sockets;
}

// Connects until a new worker of that id serves.
async function connectOnNew(cluster, id, oldPid) {
  return until(`a connection on the new worker ${id}`, async () => {
    const raw = await RawSocket.connect(cluster.port);
    const where = await raw.ask('worker');
    if (where.id === id && where.pid !== oldPid) return raw;
    raw.destroy();
    return false;
  });
}

describe('the processes', () => {
  test('are a master, its workers and its brokers, by these names', async (t) => {
    const cluster = await start(t, { workers: 3, brokers: 2 });
    const names = Object.keys(cluster.processes()).sort();
    assert.deepStrictEqual(names, ['sc-broker-0', 'sc-broker-1', 'sc-worker-0', 'sc-worker-1', 'sc-worker-2']);
    assert.match(cluster.readyLine, /^ready\b/);
    assert.ok(cluster.readyLine.includes(String(cluster.port)));
  });

  test('of one worker and one broker serve as well', async (t) => {
    const cluster = await start(t, { workers: 1, brokers: 1 });
    assert.strictEqual((await get(cluster.port, '/health-check')).status, 200);
  });

  test('share connections among the workers', async (t) => {
    const cluster = await start(t);
    const seen = new Set();
    await until('both workers', async () => {
      const raw = await RawSocket.connect(cluster.port);
      seen.add((await raw.ask('worker')).id);
      raw.destroy();
      return seen.size === 2;
    });
  });

  test('keep their runtime folder to themselves, and remove it', async (t) => {
    const fs = require('node:fs');
    const cluster = await start(t);
    const { runtimeDir } = cluster.config();
    assert.strictEqual(fs.statSync(runtimeDir).mode & 0o777, 0o700);
    cluster.signal('SIGTERM');
    await cluster.exit;
    assert.ok(!fs.existsSync(runtimeDir));
  });
});

describe('a worker that dies', () => {
  for (const how of ['SIGKILL', 'abort in a plugin']) {
    test(`takes its own sockets only, and is replaced (${how})`, async (t) => {
      const cluster = await start(t);
      const [a, b] = await both(t, cluster);
      const pid = await cluster.worker(0);
      await b.subscribe('room');
      if (how === 'SIGKILL') process.kill(pid, 'SIGKILL');
      else a.send({ event: 'crash' });
      await a.eof();
      const again = await connectOnNew(cluster, 0, pid);
      t.after(() => again.destroy());
      await again.publish('room', 'back');
      assert.strictEqual(await b.message('room'), 'back');
      assert.strictEqual(await b.ask('echo', 1), 1);
      assert.match(cluster.log(), /sc-worker-0|worker 0/);
    });
  }

  test('does not lose the connections that wait for it', async (t) => {
    const cluster = await start(t, { workers: 1, brokers: 1 });
    const pid = await cluster.worker(0);
    process.kill(pid, 'SIGSTOP');
    const waiting = [...Array(20)].map(() => RawSocket.connect(cluster.port));
    (await RawSocket.tcp(cluster.port)).destroy(); // made after the others, so they are made
    process.kill(pid, 'SIGKILL');
    const sockets = await Promise.all(waiting);
    for (const raw of sockets) {
      assert.notStrictEqual((await raw.ask('worker')).pid, pid);
      raw.destroy();
    }
  });

  test('again and again is started later and later, while the other serves', async (t) => {
    const cluster = await start(t);
    const [, b] = await both(t, cluster);
    for (let i = 0; i < 4; i++) await cluster.killAndReplace('sc-worker-0');
    assert.strictEqual(await b.ask('echo', 1), 1);
    const raw = await cluster.connectOn(0);
    raw.destroy();
  });

  test('leaves its channels: others stay subscribed and nothing is stuck', async (t) => {
    const cluster = await start(t);
    const [a, b] = await both(t, cluster);
    await a.subscribe('shared');
    await b.subscribe('shared');
    process.kill(await cluster.worker(0), 'SIGKILL');
    for (let i = 0; i < 100; i++) assert.strictEqual((await b.publish('shared', i)).error, undefined);
    assert.deepStrictEqual(b.messages('shared'), [...Array(100).keys()]);
  });
});

describe('the master', () => {
  test('that is killed takes its children with it', async (t) => {
    const cluster = await Cluster.start({ workers: 2, brokers: 2, plugins: PLUGINS });
    t.after(() => cluster.kill());
    const pids = Object.values(cluster.processes());
    assert.strictEqual(pids.length, 4);
    process.kill(cluster.pid, 'SIGKILL');
    for (const pid of pids) await until(`the end of ${pid}`, () => !isAlive(pid));
  });

  for (const signal of ['SIGTERM', 'SIGINT']) {
    test(`on ${signal} closes sockets with 1001 and exits with 0`, async (t) => {
      const cluster = await start(t);
      const sockets = await both(t, cluster);
      const { pid } = cluster;
      const children = childrenOf(pid).map((info) => info.pid);
      cluster.signal(signal);
      for (const raw of sockets) assert.strictEqual((await raw.closed()).code, 1001);
      assert.deepStrictEqual(await cluster.exit, { code: 0, signal: null });
      for (const child of children) await until(`the end of ${child}`, () => !isAlive(child));
      await assert.rejects(RawSocket.tcp(cluster.port));
    });
  }

  test('stops within processTermTimeout even when clients do not answer the close frame', async (t) => {
    const cluster = await start(t, { options: { processTermTimeout: 1000 } });
    const raw = await RawSocket.connect(cluster.port, { repliesToClose: false });
    t.after(() => raw.destroy());
    cluster.signal('SIGTERM');
    assert.strictEqual((await raw.closed()).code, 1001);
    assert.deepStrictEqual(await cluster.exit, { code: 0, signal: null });
  });

  test('stops even when a worker is stuck', async (t) => {
    const cluster = await start(t, { options: { processTermTimeout: 1000 } });
    cluster.allowsFailure = true;
    process.kill(await cluster.worker(0), 'SIGSTOP');
    cluster.signal('SIGTERM');
    await cluster.exit;
  });

  test('on SIGUSR2 replaces the workers one by one, closes their sockets with 4001 and refuses nobody', async (t) => {
    const cluster = await start(t);
    const sockets = await both(t, cluster);
    const old = [await cluster.worker(0), await cluster.worker(1)];
    let isRestarting = true;
    const knocking = (async () => {
      let count = 0;
      while (isRestarting) {
        const answer = await get(cluster.port, '/health-check');
        assert.strictEqual(answer.status, 200);
        count++;
      }
      return count;
    })();
    cluster.signal('SIGUSR2');
    for (const raw of sockets) assert.strictEqual((await raw.closed()).code, 4001);
    for (const [id, pid] of old.entries()) await cluster.childNamed(`sc-worker-${id}`, pid);
    for (const pid of old) await until(`the end of ${pid}`, () => !isAlive(pid));
    isRestarting = false;
    assert.ok((await knocking) > 0);
    (await connectOnNew(cluster, 0, old[0])).destroy();
    (await connectOnNew(cluster, 1, old[1])).destroy();
  });

  test('on SIGUSR2 brings clients of every generation back at once', async (t) => {
    const cluster = await start(t);
    const old = cluster.processes();
    const clients = await Promise.all(VERSIONS.map((version) =>
      Client.of(t, version.name, cluster.port, { autoReconnect: true })));
    const from = Date.now();
    cluster.signal('SIGUSR2');
    for (const client of clients) {
      await client.event('disconnect', (event) => event.code === 4001);
      await client.opened();
    }
    assert.ok(Date.now() - from < 9000, 'clients wait 10 s after any other code');
    await until('the end of the old workers', () => Object.entries(old).every(([name, pid]) => /broker/.test(name) || !isAlive(pid)));
    const now = cluster.processes();
    for (const client of clients) {
      const where = await client.until('an answer', () => client.call('worker').catch(() => null));
      assert.strictEqual(where.pid, now[`sc-worker-${where.id}`]);
    }
  });

  test('on SIGHUP opens its log again', async (t) => {
    const fs = require('node:fs');
    const path = require('node:path');
    const { temporaryDir } = require('./support/cluster');
    const dir = temporaryDir();
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    const file = path.join(dir, 'sc.log');
    const cluster = await start(t, { options: { logFile: file } });
    await until('a log', () => fs.existsSync(file) && fs.statSync(file).size > 0);
    fs.renameSync(file, `${file}.1`);
    cluster.signal('SIGHUP');
    await until('a new log', () => fs.existsSync(file));
    await cluster.killAndReplace('sc-worker-0');
    await until('a line in the new log', () => fs.statSync(file).size > 0);
  });

  test('writes its pid into the option pidFile, and removes it', async (t) => {
    const fs = require('node:fs');
    const path = require('node:path');
    const { temporaryDir } = require('./support/cluster');
    const dir = temporaryDir();
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    const file = path.join(dir, 'sc.pid');
    const cluster = await start(t, { options: { pidFile: file } });
    assert.strictEqual(Number(fs.readFileSync(file, 'utf8')), cluster.pid);
    cluster.signal('SIGTERM');
    await cluster.exit;
    assert.ok(!fs.existsSync(file));
  });

  test('answers workers that ask it: status, relay, restart', async (t) => {
    const cluster = await start(t);
    const [a, b] = await both(t, cluster);
    const status = await a.ask('probe:master', { type: 'status' });
    const text = JSON.stringify(status);
    for (const pid of Object.values(cluster.processes())) assert.ok(text.includes(String(pid)), text);
    await a.ask('probe:master', { type: 'relay', worker: 1, data: { hello: [1] } });
    const got = await until('what was relayed', async () => {
      const list = await b.ask('probe:relayed');
      return list.length > 0 && list;
    });
    assert.deepStrictEqual(got, [{ from: 0, data: { hello: [1] } }]);
    await a.ask('probe:master', { type: 'relay', worker: -1, data: 'all' });
    for (const raw of [a, b]) {
      const list = await until('what was relayed to all', async () => {
        const now = await raw.ask('probe:relayed');
        return now.length > 0 && now;
      });
      assert.deepStrictEqual(list, [{ from: 0, data: 'all' }]);
    }
    await assert.rejects(a.ask('probe:master', 'nonsense'));
    const old = await cluster.worker(1);
    a.send({ event: 'probe:master', data: { type: 'restartWorkers' } });
    assert.strictEqual((await b.closed()).code, 4001);
    await cluster.childNamed('sc-worker-1', old);
  });
});
