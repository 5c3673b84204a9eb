'use strict';
// Messages between the plugins of processes (sc/message.h), and the master's half of a plugin (sc/master.h). The plugin courier
// has a half in each; the events courier:... of its worker half send.

const assert = require('node:assert');
const { describe, test } = require('node:test');
const { Cluster, run, testPlugin } = require('./support/cluster');
const { RawSocket } = require('./support/raw');
const { until } = require('./support/wait');

const CALM = { pingInterval: 60000, pingTimeout: 120000 };

function start(t, settings = {}) {
  return Cluster.of(t, {
    workers: 2,
    brokers: 2,
    plugins: [{ test: 'whoami' }, { test: 'courier' }],
    masterPlugins: [{ test: 'courier' }],
    ...settings,
    options: { ...CALM, ...settings.options },
  });
}

async function on(t, cluster, id) {
  const raw = await cluster.connectOn(id);
  t.after(() => raw.destroy());
  return raw;
}

// Sends a message and resolves with { status, data, error } of its answer.
function ask(raw, kind, id, data, timeout) {
  return raw.ask('courier:ask', timeout === undefined ? { kind, id, data } : { kind, id, data, timeout });
}

async function answerOf(raw, kind, id, data) {
  const answer = await ask(raw, kind, id, data);
  assert.strictEqual(answer.status, 'SC_OK', JSON.stringify(answer));
  return answer.data;
}

// A memory figure of a process, in KiB.
function anonymous(pid) {
  const status = require('node:fs').readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/RssAnon:\s+(\d+)/.exec(status)[1]);
}

describe('a message', () => {
  test('reaches the worker, the broker or the master that it names, and its answer comes back', async (t) => {
    const cluster = await start(t);
    const raw = await on(t, cluster, 0);
    const data = { do: 'echo', text: 'ä\u0000"\\', list: [1, 2.5, null] };
    for (const [kind, id] of [['worker', 1], ['worker', 0], ['broker', 0], ['broker', 1], ['master', 0]]) {
      assert.deepStrictEqual(await ask(raw, kind, id, data), { status: 'SC_OK', data }, `${kind} ${id}`);
      assert.strictEqual(await answerOf(raw, kind, id, { do: 'from' }), 'worker 0');
    }
  });

  test('may be answered with nothing, or with an error', async (t) => {
    const cluster = await start(t);
    const raw = await on(t, cluster, 0);
    assert.deepStrictEqual(await ask(raw, 'worker', 1, { do: 'nothing' }), { status: 'SC_OK' });
    assert.deepStrictEqual(await ask(raw, 'master', 0, { do: 'fail' }), { status: 'SC_OK', error: { message: 'as told' } });
  });

  test('goes from a worker over a broker, or the master, to another worker, and the answer all the way back', async (t) => {
    const cluster = await start(t);
    const raw = await on(t, cluster, 0);
    const way = (data) => ({ do: 'ask', worker: 1, data });
    assert.strictEqual(await answerOf(raw, 'broker', 1, way({ do: 'from' })), 'broker 1');
    assert.strictEqual(await answerOf(raw, 'master', 0, way({ do: 'from' })), 'master 0');
    assert.deepStrictEqual(await answerOf(raw, 'broker', 0, way({ do: 'echo', n: 7 })), { do: 'echo', n: 7 });
  });

  test('to all workers reaches each of them once', async (t) => {
    const cluster = await start(t, { workers: 3 });
    const raw = await on(t, cluster, 1);
    await raw.ask('courier:tell', { kind: 'workers', data: { do: 'count', n: 0 } });
    for (const id of [0, 1, 2])
      assert.deepStrictEqual(await answerOf(raw, 'worker', id, { do: 'counted' }), { count: 1, inOrder: true });
    await assert.rejects(ask(raw, 'workers', 0, { do: 'echo' }), { message: 'SC_ERR_INVALID' });
  });

  test('that nobody answers in time is answered with SC_ERR_TIMEOUT', async (t) => {
    const cluster = await start(t, { options: { ipcAckTimeout: 50 } });
    const raw = await on(t, cluster, 0);
    assert.deepStrictEqual(await ask(raw, 'worker', 1, { do: 'keep' }), { status: 'SC_ERR_TIMEOUT' });
    assert.deepStrictEqual(await ask(raw, 'broker', 1, { do: 'keep' }, 30), { status: 'SC_ERR_TIMEOUT' });
    assert.deepStrictEqual(await ask(raw, 'master', 0, { do: 'keep' }, 30), { status: 'SC_ERR_TIMEOUT' });
    assert.strictEqual(await answerOf(raw, 'broker', 1, { do: 'option' }), 50);
  });

  test('to a process or plugin that is not there is answered at once', async (t) => {
    const cluster = await start(t, { masterPlugins: [] });
    const raw = await on(t, cluster, 0);
    assert.deepStrictEqual(await ask(raw, 'worker', 2, {}), { status: 'SC_ERR_STATE' });
    assert.deepStrictEqual(await ask(raw, 'broker', 9, {}), { status: 'SC_ERR_STATE' });
    assert.deepStrictEqual(await ask(raw, 'master', 0, {}), { status: 'SC_ERR_NOT_FOUND' });
    await assert.rejects(ask(raw, 'nowhere', 0, {}), { message: 'SC_ERR_INVALID' });
  });

  test('whose answer a worker owes when it is killed is answered at once, and its successor answers the next', async (t) => {
    const cluster = await start(t);
    const raw = await on(t, cluster, 0);
    const owed = [1, 2, 3].map(() => ask(raw, 'worker', 1, { do: 'keep' }, 3600000));
    await answerOf(raw, 'worker', 1, { do: 'echo' }); /* it has them all */
    await cluster.killAndReplace('sc-worker-1');
    for (const answer of owed) assert.deepStrictEqual(await answer, { status: 'SC_ERR_STATE' });
    await until('the successor', async () => (await ask(raw, 'worker', 1, { do: 'echo' })).status === 'SC_OK');
  });

  test('whose answer a broker owes when it is killed is answered at once', async (t) => {
    const cluster = await start(t);
    const raw = await on(t, cluster, 0);
    const owed = ask(raw, 'broker', 0, { do: 'keep' }, 3600000);
    await answerOf(raw, 'broker', 0, { do: 'echo' });
    await cluster.killAndReplace('sc-broker-0');
    assert.deepStrictEqual(await owed, { status: 'SC_ERR_STATE' });
  });

  test('that is too long is refused, and so is an answer', async (t) => {
    const cluster = await start(t);
    const raw = await on(t, cluster, 0);
    await assert.rejects(ask(raw, 'worker', 1, 'x'.repeat(1048576)), { message: 'SC_ERR_LIMIT' });
    assert.deepStrictEqual(await ask(raw, 'worker', 1, { do: 'long' }), { status: 'SC_ERR_LIMIT' });
    const text = 'x'.repeat(1048000);
    assert.deepStrictEqual(await answerOf(raw, 'worker', 1, { do: 'echo', text }), { do: 'echo', text });
  });

  test('of 10,000 arrives as all others, in order, and none leaves memory behind', async (t) => {
    const cluster = await start(t);
    const raw = await on(t, cluster, 0);
    let counted = 0;
    const burst = async (kind, id) => {
      assert.strictEqual(await raw.ask('courier:burst', { kind, id, count: 10000 }), 10000);
      return answerOf(raw, kind, id, { do: 'counted' });
    };
    assert.deepStrictEqual(await burst('worker', 1), { count: 10000, inOrder: true });
    assert.deepStrictEqual(await burst('broker', 1), { count: 10000, inOrder: true });
    assert.deepStrictEqual(await burst('master', 0), { count: 10000, inOrder: true });
    // What a first burst has made room for is there for those that follow.
    const pids = [cluster.pid, await cluster.worker(0), await cluster.worker(1)];
    const before = pids.map(anonymous);
    for (let round = 1; round <= 6; round++) {
      counted = (await burst('worker', 1)).count;
      assert.strictEqual(counted, 10000 * (round + 1));
    }
    // 60,000 messages that take 150 bytes each: 9 MB if they stayed. (A sanitizer keeps freed memory for a while.)
    if (!process.env.SC_SANITIZE && !/asan/.test(String(process.env.SC_BUILD_DIR)))
      pids.forEach((pid, i) => assert.ok(anonymous(pid) - before[i] < 4096, `${pid}: ${before[i]} to ${anonymous(pid)} KiB`));
  });
});

describe('the master half of a plugin', () => {
  const eventsOf = (raw) => answerOf(raw, 'master', 0, { do: 'events' });

  test('is told who starts, serves and ends, and how', async (t) => {
    const cluster = await start(t, { workers: 2, brokers: 1 });
    const raw = await on(t, cluster, 0);
    const pids = cluster.processes();
    const first = await eventsOf(raw);
    assert.deepStrictEqual(first.map((event) => `${event.type} ${event.process}`).slice(0, 4),
      ['started broker 0', 'ready broker 0', 'started worker 0', 'started worker 1']);
    assert.strictEqual(first.at(-1).type, 'serving');
    assert.strictEqual(first.find((event) => event.type === 'ready' && event.process === 'worker 1').pid, pids['sc-worker-1']);

    await cluster.killAndReplace('sc-worker-1');
    const after = await until('the successor', async () => {
      const events = await eventsOf(raw);
      return events.at(-1).type === 'ready' && events.length > first.length && events;
    });
    const [ended, started, ready] = after.slice(first.length);
    assert.deepStrictEqual(ended, { type: 'ended', process: 'worker 1', pid: pids['sc-worker-1'], restarts: 0, code: -1, signal: 9, asked: false });
    assert.deepStrictEqual([started.type, started.process, started.restarts], ['started', 'worker 1', 1]);
    assert.deepStrictEqual([ready.type, ready.pid], ['ready', started.pid]);
    assert.notStrictEqual(started.pid, ended.pid);
  });

  test('can have a worker replaced, whose clients are told to come back', async (t) => {
    const cluster = await start(t);
    const [a, b] = [await on(t, cluster, 0), await on(t, cluster, 1)];
    const pid = await cluster.worker(1);
    assert.strictEqual(await answerOf(a, 'master', 0, { do: 'replace', worker: 7 }), 'SC_ERR_INVALID');
    assert.strictEqual(await answerOf(a, 'master', 0, { do: 'replace', worker: 1 }), 'SC_OK');
    assert.strictEqual((await b.closed()).code, 4001);
    await cluster.childNamed('sc-worker-1', pid);
    const ended = await until('its end', async () => (await eventsOf(a)).find((event) => event.type === 'ended'));
    assert.deepStrictEqual([ended.process, ended.code, ended.asked], ['worker 1', 0, true]);
    await a.fence();
  });

  test('has timers, and options but for secrets', async (t) => {
    const cluster = await start(t, { options: { instanceId: 'west-1' } });
    const raw = await on(t, cluster, 0);
    await until('three ticks', async () => (await answerOf(raw, 'master', 0, { do: 'ticks' })) >= 3);
    assert.strictEqual(await answerOf(raw, 'master', 0, { do: 'option' }), 'west-1');
  });

  test('is told that the cluster stops, and is detached once, in the master alone', async (t) => {
    const cluster = await start(t);
    await cluster.killAndReplace('sc-worker-0');
    await cluster.stop();
    const lines = cluster.lines.map((entry) => entry.line).filter((line) => line.includes('courier: '));
    assert.strictEqual(lines.length, 2, cluster.log());
    assert.match(lines[0], /the cluster stops/);
    assert.match(lines[1], new RegExp(`in process ${cluster.pid}\\b`));
  });

  test('is not loaded by --plugin', async (t) => {
    const cluster = await start(t, { masterPlugins: [] });
    await cluster.stop();
    assert.ok(!cluster.log().includes('master half'));
  });

  test('that is missing, refuses or starts a thread stops the start and is named', async () => {
    const cases = [
      [testPlugin('whoami'), /plugin whoami\.so: no master plugin: it does not export sc_master_plugin/],
      [`${testPlugin('courier')}={"refuse":true}`, /plugin courier: refused to start: SC_ERR_INVALID/],
      ['no_such_plugin', /plugin no_such_plugin: not found/],
      [`${testPlugin('courier')}={"thread":true}`, /plugin courier\.so: has started a thread/],
    ];
    for (const [plugin, line] of cases) {
      for (const flags of [['--port', '0'], ['--check']]) {
        const result = await run([...flags, '--master-plugin', plugin]);
        assert.strictEqual(result.code, 1, plugin);
        assert.match(result.stdout + result.stderr, line);
      }
    }
  });

  test('passes --check', async () => {
    const result = await run(['--check', '--master-plugin', testPlugin('courier')]);
    assert.strictEqual(result.code, 0, result.stderr);
  });
});
