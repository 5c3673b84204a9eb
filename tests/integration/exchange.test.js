'use strict';
// Messages between workers through brokers (docs/protocol.md, "Publish and subscribe"): delivery, order, acknowledgements, and
// what a dead broker may not do.

const assert = require('node:assert');
const { after, before, describe, test } = require('node:test');
const { Cluster } = require('./support/cluster');
const { until } = require('./support/wait');

const PLUGINS = [{ test: 'trace_app' }, { test: 'whoami' }, { test: 'probe' }];
const CALM = { pingInterval: 60000, pingTimeout: 120000 };

// Channels carried by each of two brokers.
async function channelsByBroker(raw, prefix, brokers = 2) {
  const found = [];
  for (let i = 0; found.filter(Boolean).length < brokers; i++) {
    const { broker } = await raw.ask('probe:channel', `${prefix}-${i}`);
    if (found[broker] === undefined) found[broker] = `${prefix}-${i}`;
  }
  return found;
}

describe('two workers and two brokers', () => {
  let cluster;
  before(async () => {
    cluster = await Cluster.start({ workers: 2, brokers: 2, plugins: PLUGINS, options: CALM });
  });
  after(() => cluster.stop());

  async function on(t, worker) {
    const raw = await cluster.connectOn(worker);
    t.after(() => raw.destroy());
    return raw;
  }

  test('carry messages between sockets of different workers, over either broker', async (t) => {
    const a = await on(t, 0);
    const b = await on(t, 1);
    for (const channel of await channelsByBroker(a, 'either')) {
      await a.subscribe(channel);
      await b.subscribe(channel);
      await a.publish(channel, 'from a');
      await b.publish(channel, 'from b');
      for (const raw of [a, b]) {
        assert.strictEqual(await raw.message(channel), 'from a');
        assert.strictEqual(await raw.message(channel), 'from b');
      }
    }
  });

  test('agree in both workers on the broker of a channel', async (t) => {
    const a = await on(t, 0);
    const b = await on(t, 1);
    for (let i = 0; i < 50; i++)
      assert.deepStrictEqual(await a.ask('probe:channel', `c${i}`), await b.ask('probe:channel', `c${i}`));
  });

  test('give all subscribers of a channel one order, the publishers included', async (t) => {
    const sockets = [await on(t, 0), await on(t, 0), await on(t, 1), await on(t, 1)];
    for (const channel of await channelsByBroker(sockets[0], 'order')) {
      for (const raw of sockets) await raw.subscribe(channel);
      for (let i = 0; i < 200; i++)
        for (const [n, raw] of sockets.entries()) raw.send({ event: '#publish', data: { channel, data: `${n}:${i}` } });
      for (const raw of sockets) await until('800 messages', () => raw.messages(channel).length === 800);
      const first = sockets[0].messages(channel);
      for (const raw of sockets) assert.deepStrictEqual(raw.messages(channel), first);
      for (const n of sockets.keys())
        assert.deepStrictEqual(first.filter((text) => text.startsWith(`${n}:`)), [...Array(200).keys()].map((i) => `${n}:${i}`));
    }
  });

  test('acknowledge a publication after the publisher has got it', async (t) => {
    const raw = await on(t, 0);
    for (const channel of await channelsByBroker(raw, 'ack')) {
      await raw.subscribe(channel);
      const before_ = raw.inbox.all.length;
      for (let i = 0; i < 100; i++) raw.send({ event: '#publish', data: { channel, data: i }, cid: 1000 + i });
      await raw.answer(1099);
      const seen = raw.inbox.all.slice(before_).map((item) => JSON.parse(item.payload));
      for (let i = 0; i < 100; i++) {
        const message = seen.findIndex((packet) => packet.event === '#publish' && packet.data.data === i);
        const ack = seen.findIndex((packet) => packet.rid === 1000 + i);
        assert.ok(message >= 0 && message < ack, `message ${i} at ${message}, ack at ${ack}`);
      }
    }
  });

  test('deliver to a socket once, however often it has subscribed', async (t) => {
    const raw = await on(t, 0);
    await raw.subscribe('twice');
    await raw.subscribe('twice');
    await raw.publish('twice', 1);
    await raw.publish('twice', 2);
    assert.deepStrictEqual(raw.messages('twice'), [1, 2]);
  });

  test('deliver nothing to who has unsubscribed, and all to who stays', async (t) => {
    const stays = await on(t, 1);
    const leaves = await on(t, 1);
    const far = await on(t, 0);
    for (const raw of [stays, leaves, far]) await raw.subscribe('half');
    await far.publish('half', 1);
    await leaves.message('half');
    await leaves.call('#unsubscribe', 'half');
    await far.publish('half', 2);
    await stays.message('half', (data) => data === 2);
    await leaves.fence();
    assert.deepStrictEqual(leaves.messages('half'), [1]);
  });

  test('carry a message of 5 MB', async (t) => {
    const a = await on(t, 0);
    const b = await on(t, 1);
    await b.subscribe('large');
    const data = 'ä'.repeat(2500000);
    await a.publish('large', data);
    assert.ok((await b.message('large')) === data);
  });
});

describe('a broker that is killed', () => {
  test('costs no connection, and no acknowledged message is lost, doubled or out of order', { timeout: 180000 }, async (t) => {
    const cluster = await Cluster.of(t, { workers: 2, brokers: 2, plugins: PLUGINS, options: CALM });
    const publishers = [await cluster.connectOn(0), await cluster.connectOn(1)];
    const subscribers = [await cluster.connectOn(0), await cluster.connectOn(1)];
    const everyone = [...publishers, ...subscribers];
    t.after(() => everyone.forEach((raw) => raw.destroy()));
    const channels = await channelsByBroker(publishers[0], 'load');
    for (const raw of subscribers) for (const channel of channels) await raw.subscribe(channel);

    const acked = new Set();
    let isLoading = true;
    const load = publishers.map(async (raw, n) => {
      for (let i = 0; isLoading; i++) {
        await Promise.all(channels.map(async (channel) => {
          const answer = await raw.publish(channel, [n, i]);
          assert.strictEqual(answer.error, undefined);
          acked.add(`${channel}/${n}/${i}`);
        }));
      }
    });
    for (const name of ['sc-broker-0', 'sc-broker-1', 'sc-broker-0']) {
      const from = acked.size;
      await until('load', () => acked.size > from + 200);
      await cluster.killAndReplace(name);
      const now = acked.size;
      await until('acknowledgements after the broker was replaced', () => acked.size > now + 200);
    }
    isLoading = false;
    await Promise.all(load);

    for (const raw of everyone) await raw.fence();
    const last = {};
    for (const key of acked) {
      const [channel, n, i] = key.split('/');
      last[`${channel}/${n}`] = Math.max(last[`${channel}/${n}`] || 0, Number(i));
    }
    for (const raw of subscribers) {
      for (const channel of channels) {
        for (const n of publishers.keys()) {
          const of = () => raw.messages(channel).filter((data) => data[0] === n).map((data) => data[1]);
          await until('the last message', () => of().includes(last[`${channel}/${n}`]));
          assert.deepStrictEqual(of(), [...Array(last[`${channel}/${n}`] + 1).keys()], `${channel}, publisher ${n}`);
        }
      }
    }
    for (const raw of everyone) assert.ok(!raw.inbox.all.some((item) => ['close', 'eof'].includes(item.frame)));
  });

  test('keeps subscriptions and unsubscriptions that were made while it was away', async (t) => {
    const cluster = await Cluster.of(t, { workers: 2, brokers: 1, plugins: PLUGINS, options: CALM });
    const a = await cluster.connectOn(0);
    const b = await cluster.connectOn(1);
    t.after(() => [a, b].forEach((raw) => raw.destroy()));
    await b.subscribe('left');
    const pid = await cluster.broker(0);
    process.kill(pid, 'SIGSTOP');
    b.send({ event: '#subscribe', data: { channel: 'came' }, cid: 900 });
    b.send({ event: '#unsubscribe', data: 'left', cid: 901 });
    a.send({ event: '#publish', data: { channel: 'left', data: 1 }, cid: 902 });
    await a.fence();
    await b.fence();
    process.kill(pid, 'SIGKILL');
    await cluster.childNamed('sc-broker-0', pid);
    await b.answer(900);
    await b.answer(901);
    await a.answer(902);
    await a.publish('came', 2);
    assert.strictEqual(await b.message('came'), 2);
    assert.deepStrictEqual(b.messages('left'), []);
  });
});
