'use strict';
// SocketCluster's options for its server, each at its edges: what they do, to a client that looks at the bytes.

const assert = require('node:assert');
const { after, before, describe, test } = require('node:test');
const { Client, VERSIONS } = require('./support/clients');
const { Cluster } = require('./support/cluster');
const { RawSocket } = require('./support/raw');
const { later, until } = require('./support/wait');

const CALM = { pingInterval: 60000, pingTimeout: 120000 };

function start(t, options, plugins = [{ test: 'trace_app' }]) {
  return Cluster.of(t, { plugins, options: { ...CALM, ...options } });
}

async function connect(t, cluster, options) {
  const raw = await RawSocket.connect(cluster.port, options);
  t.after(() => raw.destroy());
  return raw;
}

describe('socketChannelLimit', () => {
  const LIMIT = 3;
  let cluster;

  before(async () => {
    cluster = await Cluster.start({ plugins: [{ test: 'trace_app' }], options: { ...CALM, socketChannelLimit: LIMIT } });
  });
  after(() => cluster.stop());

  async function full(t) {
    const raw = await connect(t, cluster);
    for (let i = 0; i < LIMIT; i++) assert.strictEqual((await raw.subscribe(`c${i}`)).error, undefined);
    return raw;
  }

  async function assertRefused(raw, channel) {
    const { error } = await raw.subscribe(channel);
    assert.strictEqual(error.name, 'BrokerError');
    assert.strictEqual(error.message, `Failed to subscribe socket to the ${channel} channel - Socket ${raw.id} tried to exceed ` +
      `the channel subscription limit of ${LIMIT}`);
  }

  test('lets a socket be in exactly so many channels', async (t) => {
    const raw = await full(t);
    await assertRefused(raw, 'one-more');
    await raw.publish('c2', 1);
    assert.strictEqual(await raw.message('c2'), 1);
    await raw.publish('one-more', 1);
    await raw.fence();
    assert.deepStrictEqual(raw.messages('one-more'), []);
  });

  test('is looked at before whether the socket has the channel already', async (t) => {
    const raw = await full(t);
    await assertRefused(raw, 'c0');
    raw.send({ event: '#unsubscribe', data: 'c2' });
    assert.strictEqual((await raw.subscribe('c0')).error, undefined);
    assert.strictEqual((await raw.subscribe('c2')).error, undefined);
    await assertRefused(raw, 'c2');
  });

  test('is not evaded by unsubscribing from what one is not in, nor by a kick out of it', async (t) => {
    const raw = await full(t);
    for (let i = 0; i < 5; i++) raw.send({ event: '#unsubscribe', data: 'elsewhere' });
    await raw.ask('kick', { channel: 'elsewhere' });
    await assertRefused(raw, 'one-more');
    await raw.ask('kick', { channel: 'c1' });
    assert.strictEqual((await raw.subscribe('one-more')).error, undefined);
    await assertRefused(raw, 'c1');
  });

  test('counts what was asked for in one frame', async (t) => {
    const raw = await connect(t, cluster);
    raw.send([1, 2, 3, 4, 5].map((cid) => ({ event: '#subscribe', data: { channel: `x${cid}` }, cid: 100 + cid })));
    const answers = await Promise.all([1, 2, 3, 4, 5].map((cid) => raw.answer(100 + cid)));
    assert.deepStrictEqual(answers.map((answer) => answer.error === undefined), [true, true, true, false, false]);
  });

  test('of 0 means any number', async (t) => {
    const free = await start(t, { socketChannelLimit: 0 });
    const raw = await connect(t, free);
    const answers = [];
    for (let i = 0; i < 1500; i++) answers.push(raw.subscribe(`c${i}`));
    assert.ok((await Promise.all(answers)).every((answer) => answer.error === undefined));
  });

  test('of null is 1000, as in SocketCluster', async (t) => {
    const usual = await start(t, { socketChannelLimit: null });
    const raw = await connect(t, usual);
    const answers = [];
    for (let i = 0; i < 1001; i++) answers.push(raw.subscribe(`c${i}`));
    const refused = (await Promise.all(answers)).map((answer) => answer.error !== undefined);
    assert.deepStrictEqual([refused.indexOf(true), refused.filter(Boolean).length], [1000, 1]);
  });
});

describe('ackTimeout', () => {
  test('ends the wait for an answer of the client, whose late answer is ignored', async (t) => {
    const cluster = await start(t, { ackTimeout: 150 });
    const raw = await connect(t, cluster);
    raw.send({ event: 'trace:emit', data: { event: 'hello' }, cid: 50 });
    const call = await raw.event('hello');
    assert.strictEqual(typeof call.cid, 'number');
    assert.match(JSON.stringify((await raw.answer(50)).error), /SC_ERR_TIMEOUT/);
    raw.send({ rid: call.cid, data: 1 });
    raw.send({ event: 'trace:emit', data: { event: 'again', timeout: 60000 }, cid: 51 });
    const second = await raw.event('again');
    assert.notStrictEqual(second.cid, call.cid);
    raw.send({ rid: second.cid, data: 2 });
    assert.strictEqual((await raw.answer(51)).error, undefined);
  });

  for (const version of VERSIONS) {
    test(`does not disturb client ${version.name}, which does not answer`, async (t) => {
      const cluster = await start(t, { ackTimeout: 100 });
      const client = await Client.of(t, version.name, cluster.port);
      await assert.rejects(client.call('trace:emit', { event: 'nobody-listens' }));
      assert.strictEqual(await client.call('echo', 7), 7);
    });
  }
});

describe('handshakeTimeout', () => {
  test('closes who says nothing, or only pongs, with 4005; who has shaken hands stays', async (t) => {
    const cluster = await start(t, { handshakeTimeout: 300 });
    const shaken = await connect(t, cluster);
    const silent = await RawSocket.open(cluster.port);
    const ponging = await RawSocket.open(cluster.port);
    t.after(() => [silent, ponging].forEach((raw) => raw.destroy()));
    ponging.sendText('#2');
    // Who has said nothing may have a binary codec, which could not read the packet.
    assert.strictEqual((await ponging.event('#disconnect')).data.code, 4005);
    for (const raw of [silent, ponging]) assert.strictEqual((await raw.closed()).code, 4005);
    assert.deepStrictEqual(silent.inbox.all.filter((item) => item.frame === 'text'), []);
    assert.strictEqual(await shaken.ask('echo', 1), 1);
  });

  test('does not run while middleware thinks about the handshake', async (t) => {
    const cluster = await start(t, { handshakeTimeout: 100 }, [{ test: 'slow_middleware', options: { delayMs: 500 } }]);
    const raw = await RawSocket.open(cluster.port, { path: '/socketcluster/?slow' });
    t.after(() => raw.destroy());
    assert.strictEqual((await raw.handshake()).data.isAuthenticated, false);
  });
});

describe('pingTimeoutDisabled', () => {
  for (const protocolVersion of ['auto', 1, 2]) {
    test(`sends no pings and closes nobody (protocolVersion ${protocolVersion})`, async (t) => {
      const cluster = await start(t, { pingInterval: 40, pingTimeout: 120, pingTimeoutDisabled: true, protocolVersion });
      const raw = await connect(t, cluster);
      assert.strictEqual(raw.handshakeAnswer.data.pingTimeout, 120);
      await later(600);
      assert.strictEqual(await raw.ask('echo', 1), 1);
      const pings = raw.inbox.all.filter((item) => item.frame === 'text' && ['', '#1'].includes(item.payload));
      /* With auto the one that asks for the client's generation goes out all the same. */
      assert.ok(pings.length <= (protocolVersion === 'auto' ? 1 : 0), JSON.stringify(pings));
    });
  }

  test('off, the same silence is closed with 4001', async (t) => {
    const cluster = await start(t, { pingInterval: 40, pingTimeout: 120 });
    const raw = await connect(t, cluster);
    assert.strictEqual((await raw.closed()).code, 4001);
  });
});

describe('strictHandshake', () => {
  const EARLY = [
    { event: '#subscribe', data: { channel: 'a' }, cid: 9 },
    { event: '#publish', data: { channel: 'a', data: 1 }, cid: 9 },
    { event: '#authenticate', data: 'x', cid: 9 },
    { event: 'echo', data: 1, cid: 9 },
    { rid: 5 },
  ];

  test('closes with 4009 on anything but the #handshake, without a #disconnect', async (t) => {
    const cluster = await start(t, {});
    for (const packet of [...EARLY, 'raw text']) {
      const raw = await RawSocket.open(cluster.port);
      t.after(() => raw.destroy());
      if (typeof packet === 'string') raw.sendText(packet);
      else raw.send(packet);
      assert.strictEqual((await raw.closed()).code, 4009, JSON.stringify(packet));
      assert.ok(!raw.inbox.all.some((item) => String(item.payload).includes('#disconnect')));
    }
  });

  test('of false lets them through, but for #subscribe, and the handshake may follow', async (t) => {
    const cluster = await start(t, { strictHandshake: false });
    const raw = await RawSocket.open(cluster.port);
    t.after(() => raw.destroy());
    raw.send({ event: '#subscribe', data: { channel: 'a' }, cid: 9 });
    assert.strictEqual((await raw.answer(9)).error.name, 'InvalidActionError');
    raw.send({ event: 'echo', data: 1, cid: 10 });
    assert.deepStrictEqual(await raw.answer(10), { rid: 10, data: 1 });
    raw.sendText('raw text');
    raw.send({ event: '#handshake', data: { authToken: null }, cid: 11 });
    assert.strictEqual((await raw.answer(11)).data.isAuthenticated, false);
    raw.cid = 11;
    assert.strictEqual((await raw.subscribe('a')).error, undefined);
  });
});

describe('middlewareEmitWarnings', () => {
  test('logs what middleware blocks, with type, error and socket', async (t) => {
    const cluster = await start(t, {}, [{ test: 'recorder' }]);
    const raw = await connect(t, cluster);
    await raw.subscribe('forbidden');
    const line = await cluster.waitForLine(/subscribe blocked by middleware/);
    assert.ok(line.includes('Not here') && line.includes(raw.id), line);
  });

  test('of false logs nothing of it', async (t) => {
    const cluster = await start(t, { middlewareEmitWarnings: false }, [{ test: 'recorder' }]);
    const raw = await connect(t, cluster);
    assert.strictEqual((await raw.subscribe('forbidden')).error.name, 'ForbiddenError');
    assert.ok(!/blocked by middleware/.test(cluster.log()));
  });
});

describe('options of SocketCluster', () => {
  test('appName, instanceId and environment are there for plugins, instanceId different each time', async (t) => {
    const ids = new Set();
    for (let i = 0; i < 2; i++) {
      const cluster = await start(t, { appName: 'shop' }, [{ test: 'probe' }]);
      const raw = await connect(t, cluster);
      assert.strictEqual(await raw.ask('probe:option', 'appName'), 'shop');
      assert.strictEqual(await raw.ask('probe:option', 'environment'), 'dev');
      ids.add(await raw.ask('probe:option', 'instanceId'));
    }
    assert.strictEqual(ids.size, 2);
    for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
  });

  test('that mean nothing here are named in the log, and the cluster starts', async (t) => {
    const names = ['crashWorkerOnError', 'rebootWorkerOnCrash', 'propagateErrors', 'forceKillTimeout', 'authSignAsync', 'workerController'];
    const cluster = await start(t, Object.fromEntries(names.map((name) => [name, true])));
    for (const name of names) await cluster.waitForLine(new RegExp(`option ${name} of SocketCluster has no meaning here`));
  });

  test('rebootOnSignal of false makes SIGUSR2 do nothing', async (t) => {
    const cluster = await start(t, { rebootOnSignal: false });
    const raw = await connect(t, cluster);
    cluster.signal('SIGUSR2');
    await cluster.waitForLine(/SIGUSR2: ignored/);
    assert.strictEqual(await raw.ask('echo', 1), 1);
  });

  test('killMasterOnSignal makes SIGUSR2 stop the cluster in order', async (t) => {
    const cluster = await start(t, { killMasterOnSignal: true });
    const raw = await connect(t, cluster);
    cluster.signal('SIGUSR2');
    assert.strictEqual((await raw.closed()).code, 1001);
    await until('the end', () => cluster.ended);
    assert.strictEqual(cluster.ended.code, 0);
  });
});
