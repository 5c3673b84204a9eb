'use strict';
// Scenarios of channels, events and presence.

const assert = require('node:assert');
const { trackPresence } = require('../support/clients');
const { Inbox } = require('../support/wait');

const NESTED = { list: [1, [2, [3, { deep: { er: null } }]]], empty: [{}, [], ''], 'a key \u00e9\u{1F600}"\\': true };

// JSON as it is. `undefined` is a message without data: a binary codec has only null for it.
const VALUES = [
  'text', '', '\u00e4 \u20ac \u{1F600} \u2028 \u0000 " \\ /', 'x'.repeat(200), '\u00fc'.repeat(3000), 0, -1, 127, 128, 255, 256, 65535, 65536,
  -32, -33, -128, -129, -32768, -32769, 2147483647, 2147483648, -2147483648, -2147483649, 4294967296, Number.MAX_SAFE_INTEGER,
  0.1, -1.5e-7, 1e21, true, false, null, undefined, [], {}, NESTED, Array.from({ length: 20 }, (_, i) => ({ i })),
  Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key ${i}`, i])), Array(70000).fill(7).join(''),
];

function expected(value, isBinary) {
  return value === undefined && isBinary ? null : value;
}

// All values, in their order, from one client to the other.
async function carriesAll(sender, receiver, channel, isBinary) {
  await Promise.all(VALUES.map((value) => sender.publish(channel, value)));
  for (const value of VALUES) assert.deepStrictEqual(await receiver.message(channel), expected(value, isBinary));
}

async function subscribes(scene) {
  const client = await scene.open();
  const channel = scene.channel();
  const inbox = client.messages(channel);
  await scene.subscribe(client, channel, { data: { for: 'middleware' } });
  assert.ok(client.isSubscribed(channel));
  assert.deepStrictEqual((await client.call('dump')).subs, [channel]);
  await client.publish(channel, { n: 1 });
  assert.deepStrictEqual(inbox.take(), [{ n: 1 }]); // its own, before the acknowledgement
  await client.call('trace:publish', { channel, data: ['by the server'] });
  assert.deepStrictEqual(await client.message(channel), ['by the server']);
  client.unsubscribe(channel);
  await client.until('the end of the subscription', async () => (await client.call('dump')).subs.length === 0);
  await client.publish(channel, 'late');
  await client.call('echo', 1);
  assert.deepStrictEqual(inbox.all.length, 2);
}

async function waitsForAuth(scene) {
  const client = await scene.open();
  const channel = scene.channel('guarded');
  const subscribed = scene.subscribe(client, channel, { waitForAuth: true });
  assert.deepStrictEqual((await client.call('dump')).subs, []);
  await client.login({ username: 'ada' });
  await subscribed;
  assert.deepStrictEqual((await client.call('dump')).subs, [channel]);
}

// The names of the channels are those that the test application blocks.
async function isBlocked(scene) {
  const client = await scene.open();
  await assert.rejects(scene.subscribe(client, 'obj'), { name: 'CustomError', message: 'sub obj', code: 7 });
  await assert.rejects(scene.subscribe(client, 'true'), { name: 'SilentMiddlewareBlockedError', type: 'subscribe' });
  await assert.rejects(scene.subscribe(client, 'err'), { message: 'sub no' });
  for (const name of ['obj', 'true', 'err']) assert.ok(!client.isSubscribed(name), name);
  await scene.subscribe(client, scene.channel());
  assert.deepStrictEqual((await client.call('dump')).subs, [scene.channel()]);
}

async function publishes(scene) {
  const client = await scene.open();
  for (const other of await scene.others()) {
    const isBinary = scene.isBinary || other.received.some((frame) => typeof frame !== 'string');
    const channel = `${scene.channel()} ${isBinary} ${other.version.name}`;
    other.messages(channel);
    client.messages(channel);
    await other.subscribe(channel);
    await carriesAll(client, other, channel, isBinary);
    other.unsubscribe(channel);
    await scene.subscribe(client, channel);
    await carriesAll(other, client, channel, isBinary);
    client.unsubscribe(channel);
  }
}

async function calls(scene) {
  const client = await scene.open();
  for (const value of VALUES) assert.deepStrictEqual(await client.call('echo', value), expected(value, scene.isBinary));
  assert.strictEqual(await client.call('noreply', 1), expected(undefined, scene.isBinary));
  await assert.rejects(client.call('failobj', 1), { name: 'MyErr', message: 'm', extra: [1] });
  await assert.rejects(client.call('faildata', 1), { message: 'boom' });
}

async function isCalled(scene) {
  const client = await scene.open();
  const heard = new Inbox('what the server has said');
  client.handle('question', (data) => ({ answer: data }));
  client.handle('refusal', () => Object.assign(new Error('not me'), { name: 'RefusalError' }));
  client.handle('news', (data) => heard.push(data));
  for (const value of ['\u20ac', 41, null, NESTED])
    assert.deepStrictEqual(await client.call('trace:emit', { event: 'question', data: value }), { answer: value });
  await assert.rejects(client.call('trace:emit', { event: 'refusal' }), { message: 'not me', name: 'RefusalError' });
  await client.call('trace:emit', { event: 'news', data: NESTED }).catch(() => {});
  assert.deepStrictEqual(await heard.next(), NESTED);
}

async function isKickedOut(scene) {
  const client = await scene.open();
  const channel = scene.channel();
  const inbox = client.messages(channel);
  await scene.subscribe(client, channel);
  await client.call('kick', { channel, message: 'bye \u00e4' });
  const event = await client.event('kickOut');
  assert.deepStrictEqual([event.channel, event.message], [channel, 'bye \u00e4']);
  await client.publish(channel, 'after');
  await client.call('echo', 1);
  assert.deepStrictEqual(inbox.all, []);
  assert.ok(!client.isSubscribed(channel));
  assert.deepStrictEqual((await client.call('dump')).subs, []);
}

// What the published presence client does, on a client for which there is none: subscribes, and answers joins.
async function trackByHand(scene, client, channel) {
  const changes = new Inbox(`presence by hand of client ${client.version.name}`);
  const place = `presence>${channel}`;
  client.watch(place, {
    push: ({ type, username, socketId, timeout }) => {
      changes.push({ action: type, username });
      if (type !== 'join' || !client.claims) return;
      const pong = { type: 'pong', channel, username: client.claims.username, timeout };
      client.publish(`presence>socket/${socketId}`, pong).catch((error) => client.report('error', { error }));
    },
  });
  client.watch(`presence>socket/${client.id}`, { push: (packet) => changes.push({ action: packet.type, username: packet.username }) });
  await scene.subscribe(client, `presence>socket/${client.id}`);
  await scene.subscribe(client, place);
  const change = (action, username) =>
    changes.next((item) => item.action === action && item.username === username, `${action} of ${username}`);
  return { change, isPresent: (username) => change('pong', username) };
}

// The channel for answers to the socket comes first: brokers know of no order between two channels, and an answer that comes before
// that subscription is lost.
async function trackByPublishedClient(client, channel) {
  const tracked = trackPresence(client, []);
  const untilSubscribed = (name) => client.until(`the subscription of ${name}`, () => client.isSubscribed(name));
  await untilSubscribed(`presence>socket/${client.id}`);
  tracked.track(channel);
  await untilSubscribed(`presence>${channel}`);
  const isPresent = (username) => client.until(`presence of ${username}`, () => tracked.list(channel).includes(username));
  return { change: tracked.change, isPresent };
}

function track(scene, client, channel) {
  return scene.setting.release.protocol === 2 ? trackByHand(scene, client, channel) : trackByPublishedClient(client, channel);
}

async function member(scene, name, channel) {
  const client = await scene.open();
  await client.login({ username: name });
  await client.until('the token', () => client.isAuthenticated);
  await scene.subscribe(client, channel);
  return client;
}

async function seesPresence(scene) {
  const channel = scene.channel();
  const ada = await member(scene, 'ada', channel);
  const adasView = await track(scene, ada, channel);
  const bob = await member(scene, 'bob', channel);
  await adasView.change('join', 'bob');
  const bobsView = await track(scene, bob, channel);
  await bobsView.isPresent('ada'); // by her pong: nothing else has named her since bob tracks
  bob.disconnect();
  await adasView.change('leave', 'bob');
}

module.exports = [
  { name: 'subscribe', run: subscribes },
  { name: 'waitForAuth', run: waitsForAuth },
  { name: 'blocked', run: isBlocked },
  { name: 'publish', run: publishes },
  { name: 'call', run: calls },
  { name: 'called', run: isCalled },
  { name: 'kickOut', run: isKickedOut },
  { name: 'presence', run: seesPresence },
];
