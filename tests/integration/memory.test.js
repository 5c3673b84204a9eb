'use strict';
// Option killWorkerMemoryThreshold: workers that grow are replaced. The plugin leak makes them grow.

const assert = require('node:assert');
const fs = require('node:fs');
const { before, describe, test } = require('node:test');
const { Cluster } = require('./support/cluster');
const { until } = require('./support/wait');

const MIB = 1048576;
const PLUGINS = [{ test: 'whoami' }, { test: 'leak' }];
const CALM = { pingInterval: 60000, pingTimeout: 120000 };

function ownBytes(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const number = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
  return (number('RssAnon') + number('VmSwap')) * 1024;
}

describe('a worker whose memory passes killWorkerMemoryThreshold', () => {
  let base; /* what a worker has that has served a connection: much more with a sanitizer */
  let threshold;

  before(async () => {
    const cluster = await Cluster.start({ plugins: PLUGINS, options: CALM });
    const raw = await cluster.connectOn(0);
    base = ownBytes(await cluster.worker(0));
    threshold = base + 64 * MIB;
    raw.destroy();
    await cluster.stop();
  });

  function start(t, settings = {}) {
    return Cluster.of(t, {
      workers: 2,
      plugins: PLUGINS,
      ...settings,
      options: { ...CALM, killWorkerMemoryThreshold: threshold, workerStatusInterval: 100, ...settings.options },
    });
  }

  async function on(t, cluster, id, options) {
    const raw = await cluster.connectOn(id, options);
    t.after(() => raw.destroy());
    return raw;
  }

  test('is replaced in order: clients are told to come back, others notice nothing', async (t) => {
    const cluster = await start(t);
    const [a, b] = [await on(t, cluster, 0), await on(t, cluster, 1)];
    const pids = cluster.processes();
    await a.ask('leak', 32 * MIB);
    await cluster.waitForLine(/serving on port/);
    await a.ask('leak', 48 * MIB);
    assert.strictEqual((await a.closed()).code, 4001);
    await cluster.childNamed('sc-worker-0', pids['sc-worker-0']);
    const line = await cluster.waitForLine(/worker 0 .*killWorkerMemoryThreshold/);
    const [bytes, limit] = /has (\d+) bytes.* is (\d+)/.exec(line).slice(1).map(Number);
    assert.strictEqual(limit, threshold);
    assert.ok(bytes > threshold, line);
    await cluster.waitForLine(/worker 0 serves again/);
    await b.fence();
    assert.strictEqual(await cluster.worker(1), pids['sc-worker-1']);
  });

  test('waits until another one is replaced', async (t) => {
    const cluster = await start(t);
    const [a, b] = [await on(t, cluster, 0), await on(t, cluster, 1)];
    await Promise.all([a.ask('leak', 72 * MIB), b.ask('leak', 72 * MIB)]);
    await cluster.waitForLine(/worker 0 serves again/);
    await cluster.waitForLine(/worker 1 serves again/);
    const steps = cluster.lines.map((entry) => entry.line)
      .filter((line) => /killWorkerMemoryThreshold|serves again/.test(line))
      .map((line) => (/serves again/.test(line) ? 'serves' : 'goes'));
    assert.deepStrictEqual(steps, ['goes', 'serves', 'goes', 'serves'], cluster.log());
  });

  test('is killed if it goes on growing while it ends', async (t) => {
    const cluster = await start(t, { workers: 1, options: { processTermTimeout: 60000 } });
    const pid = await cluster.worker(0);
    const slow = await on(t, cluster, 0);
    await slow.ask('leak:steadily', 8 * MIB);
    slow.socket.pause(); /* it does not see that it is closed, and the worker waits for it */
    await cluster.waitForLine(/worker 0 .*it is replaced/);
    await cluster.waitForLine(/worker 0 .*while it ends.*it is killed/);
    await cluster.waitForLine(/worker 0 .*killed by SIGKILL/);
    await cluster.childNamed('sc-worker-0', pid);
    await cluster.waitForLine(/worker 0 serves again/);
  });

  test('again and again is started later each time', async (t) => {
    const cluster = await start(t, { workers: 1 });
    for (let round = 1; round <= 2; round++) {
      const pid = await cluster.worker(0);
      const raw = await until('the worker', () => cluster.connectOn(0).catch(() => false));
      await raw.ask('leak', 72 * MIB);
      await cluster.childNamed('sc-worker-0', pid);
      await cluster.waitForLine(new RegExp(`worker 0 serves again, .*restart ${round}`));
      raw.destroy();
    }
    await cluster.waitForLine(/worker 0 has ended 2 times within 60 s of its start; the next start waits 100 ms/);
  });

  test('stays without the option', async (t) => {
    const cluster = await start(t, { workers: 1, options: { killWorkerMemoryThreshold: 0 } });
    const raw = await on(t, cluster, 0);
    const pid = await cluster.worker(0);
    await raw.ask('leak', 80 * MIB);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await raw.fence();
    assert.strictEqual(await cluster.worker(0), pid);
  });
});
