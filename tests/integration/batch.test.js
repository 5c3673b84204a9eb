'use strict';
// Packets that collect for a while and go out as one frame: batchOnHandshake and pubSubBatchDuration. Where it matters what is in a
// frame, the time that packets wait is so long that only something else can end it.

const assert = require('node:assert');
const { describe, test } = require('node:test');
const { CODECS, Client, VERSIONS } = require('./support/clients');
const { Cluster } = require('./support/cluster');
const minbin = require('./support/minbin');
const { RawSocket } = require('./support/raw');
const { later } = require('./support/wait');

const QUIET = { pingInterval: 60000, pingTimeout: 120000 };
const LONG_MS = 60000;
const LONG = { ...QUIET, batchOnHandshake: true, batchOnHandshakeDuration: LONG_MS, batchInterval: LONG_MS };

const isNoPing = (item) => item.payload !== '#1' && item.payload !== '';
const next = async (raw) => {
  const item = await raw.inbox.next(isNoPing);
  return item.frame === 'text' ? JSON.parse(item.payload) : item;
};
const echo = (cid, data = cid) => ({ event: 'echo', data, cid });
const answers = (...cids) => cids.map((cid) => ({ rid: cid, data: cid }));

// With and without the binary codec.
const KINDS = [
  ['JSON', (port) => RawSocket.connect(port)],
  ...CODECS.map((name) => [name, (port) => minbin.connect(port, require(name))]),
];

function withoutNull(packets) {
  return packets.map(({ error, ...rest }) => (error ? { error, ...rest } : rest));
}

describe('batchOnHandshake', { concurrency: 3 }, () => {
  for (const [name, connect] of KINDS) {
    const start = async (t, options) => {
      const cluster = await Cluster.of(t, { plugins: [{ test: 'trace_app' }, { test: 'probe' }], options });
      const raw = await connect(cluster.port);
      t.after(() => raw.destroy());
      return raw;
    };

    test(`lets packets of a client with ${name} collect once it has sent an array`, async (t) => {
      const raw = await start(t, { ...LONG, batchInterval: 300 });
      raw.send(echo(10));
      assert.strictEqual((await next(raw)).rid, 10);
      raw.send([echo(11), echo(12)]);
      raw.send(echo(13));
      assert.deepStrictEqual(withoutNull(await next(raw)), answers(11, 12, 13));
      raw.send(echo(14));
      raw.send(echo(15));
      assert.deepStrictEqual(withoutNull(await next(raw)), answers(14, 15));
      raw.send(echo(16));
      assert.strictEqual((await next(raw)).rid, 16, 'one alone needs no array');
    });

    test(`loses nothing of it when the server closes a socket with ${name}`, async (t) => {
      const raw = await start(t, LONG);
      raw.send([echo(11)]);
      raw.send(echo(12));
      raw.send({ event: 'closeme', data: { code: 4321, data: 'why' } });
      const packets = await next(raw);
      assert.deepStrictEqual(withoutNull(packets.slice(0, 2)), answers(11, 12));
      assert.deepStrictEqual(packets[2], { event: '#disconnect', data: { code: 4321, data: 'why' } });
      assert.deepStrictEqual((await raw.inbox.next(isNoPing)).payload, { code: 4321, reason: 'why' });
    });

    test(`loses nothing of it when a client with ${name} closes`, async (t) => {
      const raw = await start(t, LONG);
      raw.send([echo(11)]);
      raw.send(echo(12));
      raw.sendClose(1000);
      assert.deepStrictEqual(withoutNull(await next(raw)), answers(11, 12));
      assert.strictEqual((await raw.inbox.next(isNoPing)).frame, 'close');
    });

    test(`keeps the order of packets and raw texts to a client with ${name}`, async (t) => {
      const raw = await start(t, LONG);
      raw.send([echo(11)]);
      raw.send(echo(12));
      raw.send({ event: 'probe:sendRaw', data: 'a raw text' });
      assert.deepStrictEqual(withoutNull(await next(raw)), answers(11, 12));
      assert.strictEqual((await raw.inbox.next(isNoPing)).payload, 'a raw text');
      raw.send(echo(13));
      raw.sendFrame('ping', Buffer.from('x'));
      assert.strictEqual((await next(raw)).rid, 13);
      assert.strictEqual((await raw.inbox.next(isNoPing)).frame, 'pong');
    });

    test(`lets no more than so much wait for a client with ${name}`, async (t) => {
      const raw = await start(t, LONG);
      const cids = Array.from({ length: 200 }, (item, i) => 11 + i);
      raw.send(cids.map((cid) => echo(cid)));
      const frames = [];
      for (let i = 0; i < 3; i++) frames.push(await next(raw));
      assert.deepStrictEqual(withoutNull(frames.flat()), answers(...cids.slice(0, frames.flat().length)));
      assert.ok(frames.flat().length >= 150);
      raw.send(echo(1000, 'x'.repeat(70000))); // too long to wait: what came earlier goes before it
      const rest = await next(raw);
      assert.deepStrictEqual(withoutNull(rest), answers(...cids.slice(frames.flat().length)));
      assert.strictEqual((await next(raw)).data.length, 70000);
    });

    test(`ends after its time for a client with ${name}`, async (t) => {
      const raw = await start(t, { ...LONG, batchOnHandshakeDuration: 300 });
      raw.send([echo(11)]);
      raw.send(echo(12));
      assert.deepStrictEqual(withoutNull(await next(raw)), answers(11, 12));
      raw.send([echo(13), echo(14)]);
      assert.strictEqual((await next(raw)).rid, 13);
      assert.strictEqual((await next(raw)).rid, 14);
    });

    test(`sends arrays at once to clients with ${name} if all are of protocol 2`, async (t) => {
      const raw = await start(t, { ...LONG, protocolVersion: 2, batchInterval: 300 });
      raw.send(echo(11));
      raw.send(echo(12));
      assert.deepStrictEqual(withoutNull(await next(raw)), answers(11, 12));
    });
  }

  test('sends no array to a client that may not know them', async (t) => {
    const cluster = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options: LONG });
    const raw = await RawSocket.connect(cluster.port);
    t.after(() => raw.destroy());
    raw.sendText('#2');
    for (let cid = 10; cid < 20; cid++) raw.send(echo(cid));
    for (let cid = 10; cid < 20; cid++) assert.strictEqual((await next(raw)).rid, cid);
  });

  test('leaves sockets that end in their time behind without a trace', async (t) => {
    const cluster = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options: { ...LONG, batchOnHandshakeDuration: 500 } });
    for (let i = 0; i < 20; i++) {
      const raw = await RawSocket.connect(cluster.port);
      raw.send([echo(11)]);
      raw.destroy();
    }
    const raw = await RawSocket.connect(cluster.port);
    t.after(() => raw.destroy());
    await later(700);
    assert.strictEqual(await raw.ask('echo', 1), 1);
  });

  for (const version of VERSIONS) {
    for (const codec of [undefined, ...CODECS].slice(0, version.name === '5.5.2' ? 1 : 3)) {
      test(`serves client ${version.name} with ${codec || 'JSON'}`, async (t) => {
        const options = { ...QUIET, batchOnHandshake: true, batchOnHandshakeDuration: 2000, batchInterval: 30 };
        const cluster = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options });
        const client = await Client.of(t, version.name, cluster.port, { codec, batchOnHandshake: true });
        const inbox = client.messages('room');
        const batch = version.protocol === 1 ? { batch: true } : undefined;
        await Promise.all(['room', 'b', 'c'].map((channel) => client.subscribe(channel, batch)));
        const data = Array.from({ length: 30 }, (item, i) => ({ i }));
        await Promise.all(data.map((item) => client.publish('room', item)));
        for (const item of data) assert.deepStrictEqual(await inbox.next(), item);
        assert.deepStrictEqual(await client.call('echo', { last: true }), { last: true });
      });
    }
  }
});

describe('pubSubBatchDuration', { concurrency: 3 }, () => {
  test('lets the answers to a batch of subscriptions collect', async (t) => {
    const cluster = await Cluster.of(t, { options: { ...QUIET, pubSubBatchDuration: 300 } });
    const raw = await RawSocket.connect(cluster.port);
    t.after(() => raw.destroy());
    const subscribe = (channel, cid) => ({ event: '#subscribe', data: { channel, batch: true }, cid });
    raw.send([subscribe('a', 10), subscribe('b', 11), subscribe('c', 12)]);
    const packets = await next(raw);
    assert.deepStrictEqual(packets.map(({ rid }) => rid).sort(), [10, 11, 12]);
    raw.send([{ event: '#unsubscribe', data: 'a', cid: 13 }, { event: '#unsubscribe', data: 'b', cid: 14 }]);
    const after = await next(raw);
    assert.ok(!Array.isArray(after) || after.length === 2);
  });

  test('changes nothing for who subscribes one by one', async (t) => {
    const cluster = await Cluster.of(t, { options: { ...QUIET, pubSubBatchDuration: LONG_MS } });
    const raw = await RawSocket.connect(cluster.port);
    t.after(() => raw.destroy());
    assert.deepStrictEqual(await raw.subscribe('a'), { rid: 2 });
  });

  for (const version of ['10.1.2', '14.3.2']) {
    for (const codec of [undefined, ...CODECS]) {
      test(`serves client ${version} with ${codec || 'JSON'}`, async (t) => {
        const cluster = await Cluster.of(t, { plugins: [{ test: 'trace_app' }], options: { ...QUIET, pubSubBatchDuration: 100 } });
        const client = await Client.of(t, version, cluster.port, { codec });
        const inbox = client.messages('a');
        await Promise.all(['a', 'b', 'c'].map((channel) => client.subscribe(channel, { batch: true })));
        await client.publish('a', 1);
        assert.strictEqual(await inbox.next(), 1);
        assert.deepStrictEqual((await client.call('dump')).subs.sort(), ['a', 'b', 'c']);
      });
    }
  }
});
