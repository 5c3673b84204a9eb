'use strict';
// What a delivery and a connection cost, in things that can be counted (docs/architecture.md, "A published message's way").
// A library that is loaded before the C library counts; a sanitized build has such a library already.

const assert = require('node:assert');
const fs = require('node:fs');
const { describe, test } = require('node:test');
const { Cluster, binary, testPlugin } = require('./support/cluster');
const { RawSocket } = require('./support/raw');

const CALM = { pingInterval: 600000, pingTimeout: 1200000 };
const isSanitized = fs.readFileSync(binary()).includes('__asan_init');

function start(t) {
  return Cluster.of(t, { plugins: [{ test: 'cost' }], options: CALM, env: { LD_PRELOAD: testPlugin('cost') } });
}

async function connect(t, cluster, count) {
  const sockets = [];
  for (let i = 0; i < count; i++) sockets.push(await RawSocket.connect(cluster.port));
  t.after(() => sockets.forEach((raw) => raw.destroy()));
  return sockets;
}

async function subscribe(sockets, channel) {
  await Promise.all(sockets.map((raw) => raw.subscribe(channel)));
}

// What `work` has cost, the question itself included.
async function costOf(raw, work) {
  const before = await raw.ask('cost');
  await work();
  const after = await raw.ask('cost');
  return Object.fromEntries(Object.keys(after).map((key) => [key, after[key] - before[key]]));
}

async function received(sockets, channel, data) {
  for (const raw of sockets) await raw.message(channel, (item) => item === data);
}

describe('the cost', { skip: isSanitized && 'allocations can be counted in a build without sanitizers only' }, () => {
  test('of a message in allocations and copies does not grow with its subscribers', async (t) => {
    const cluster = await start(t);
    const [publisher, ...subscribers] = await connect(t, cluster, 151);
    const rounds = 40;

    const of = async (channel, some) => {
      await subscribe(some, channel);
      const run = async (name) => {
        for (let i = 0; i < rounds; i++) {
          await publisher.publish(channel, `${name} ${i}`);
          await received(some, channel, `${name} ${i}`);
        }
      };
      await run('warm'); // queues and pools get the size that they keep
      const cost = await costOf(publisher, () => run('counted'));
      return { allocations: cost.allocations / rounds, copied: cost.copied_bytes / rounds };
    };
    const few = await of('few', subscribers.slice(0, 10));
    const many = await of('many', subscribers);
    t.diagnostic(`a message to 10: ${JSON.stringify(few)}, to 150: ${JSON.stringify(many)}`);
    assert.ok(many.allocations - few.allocations < 2, `${few.allocations} allocations became ${many.allocations}`);
    // A copy for each subscriber would be over 100 bytes, 140 times.
    assert.ok(many.copied - few.copied < 1000, `${few.copied} bytes copied became ${many.copied}`);
  });

  test('of messages that come together is one system call for each subscriber', async (t) => {
    const cluster = await start(t);
    const [publisher, ...subscribers] = await connect(t, cluster, 51);
    const rounds = 20;
    const burst = 8;
    await subscribe(subscribers, 'room');
    const { sends, receives } = await costOf(publisher, async () => {
      for (let round = 0; round < rounds; round++) {
        publisher.socket.cork();
        for (let i = 0; i < burst; i++)
          publisher.send({ event: '#publish', data: { channel: 'room', data: `${round}.${i}` } });
        publisher.socket.uncork();
        await received(subscribers, 'room', `${round}.${burst - 1}`);
      }
    });
    const deliveries = rounds * burst * subscribers.length;
    t.diagnostic(`${sends} sends and ${receives} receives for ${deliveries} deliveries of ${rounds * burst} messages`);
    // One message at a time would take a send for each delivery. Now and then the messages of a round come in two batches.
    assert.ok(sends < (1.5 * deliveries) / burst, `${sends} sends for ${deliveries} deliveries`);
    assert.ok(receives < rounds * burst, `${receives} receives for ${rounds} bursts`);
  });

  test('of an idle connection is at most 1,200 bytes', async (t) => {
    const cluster = await start(t);
    await connect(t, cluster, 300); // tables grow by doubling
    const [asking] = await connect(t, cluster, 1);
    const count = 500;
    const { live_bytes: bytes } = await costOf(asking, () => connect(t, cluster, count));
    t.diagnostic(`${(bytes / count).toFixed(1)} bytes for a connection`);
    assert.ok(bytes / count <= 1200, `an idle connection takes ${bytes / count} bytes`);
  });
});
