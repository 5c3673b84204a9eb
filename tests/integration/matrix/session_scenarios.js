'use strict';
// Scenarios of a connection's life: how it begins, lives and ends, and whose it is.

const assert = require('node:assert');
const { nowS, sign } = require('../support/token');
const { later } = require('../support/wait');
const { PING_TIMEOUT_MS } = require('./axes');
const { RETURN_QUICKLY } = require('./place');

const FAR_S = 4102444800; // 2100
const BAD_TOKENS = [
  { error: 'AuthTokenInvalidError', token: () => sign({ username: 'eve', exp: FAR_S }, { key: 'guessed' }) },
  { error: 'AuthTokenExpiredError', token: () => sign({ username: 'eve', exp: 1000000000 }) },
];

// What a client did not ask for and does not understand: one ping of the other protocol, for clients of protocol 2.
function checkRaw(scene, client) {
  const raw = client.events.all.filter((event) => event.type === 'raw').map((event) => event.data);
  assert.strictEqual(raw.length, scene.isPingedAsV1 ? 0 : 1, `raw messages: ${JSON.stringify(raw)}`);
  for (const message of raw) assert.ok(scene.isV1Ping(message), `a raw message: ${JSON.stringify(message)}`);
}

async function connects(scene) {
  const client = scene.create();
  const event = await client.opened();
  assert.strictEqual(event.isAuthenticated, false);
  assert.strictEqual(client.socket.state, 'open');
  assert.match(client.id, /^[\w-]{20}$/);
  assert.strictEqual(await client.call('echo', 'x'), 'x');
  scene.checkSetting(client);
  await Promise.all(['one', 'two'].map((name) => scene.subscribe(client, scene.channel(name))));
  scene.checkBatches(client);
}

async function livesByPings(scene) {
  const client = await scene.open();
  await later(PING_TIMEOUT_MS * 1.2); // long enough for either side to give up without them
  assert.deepStrictEqual(client.events.all.filter((event) => event.type === 'disconnect'), []);
  const pings = client.received.filter((message) => scene.isPing(message));
  assert.ok(pings.length >= 2, `${pings.length} pings`);
  assert.strictEqual(await client.call('echo', 1), 1);
  checkRaw(scene, client);
}

async function refusesAtHandshake(scene, bad) {
  const client = scene.create({ token: bad.token() });
  const event = await client.opened();
  assert.strictEqual(event.isAuthenticated, false);
  assert.strictEqual(event.authError.name, bad.error);
  await client.until('the end of the stored token', () => client.storedToken === null);
  assert.strictEqual((await client.call('dump')).auth, null);
}

async function refusesLater(scene, bad) {
  const client = await scene.open();
  await client.login({ username: 'ada' });
  await client.until('the token', () => client.isAuthenticated && client.storedToken !== null);
  await assert.rejects(client.authenticate(bad.token()), { name: bad.error });
  await client.until('the end of the token', () => !client.isAuthenticated && client.storedToken === null);
  assert.strictEqual((await client.call('dump')).auth, null);
}

async function refusesTokens(scene) {
  for (const bad of BAD_TOKENS) {
    await refusesAtHandshake(scene, bad);
    await refusesLater(scene, bad);
  }
}

async function logsIn(scene) {
  const client = await scene.open();
  const username = scene.channel('ada');
  await client.login({ username, is: ['ä', 1, null] });
  await client.event('authStateChange', (event) => event.state === 'authenticated');
  await client.until('the stored token', () => client.storedToken !== null);
  assert.deepStrictEqual(client.claims.is, ['ä', 1, null]);
  client.disconnect();
  await client.event('disconnect');
  client.socket.connect();
  assert.strictEqual((await client.opened()).isAuthenticated, true);
  assert.strictEqual((await client.call('dump')).auth.username, username);
  await client.deauthenticate();
  assert.strictEqual((await client.call('dump')).auth, null);
  assert.strictEqual(client.storedToken, null);
  await client.authenticate(sign({ username: 'bob', exp: FAR_S }));
  assert.strictEqual((await client.call('dump')).auth.username, 'bob');
  await client.call('deauth');
  await client.until('the end of the token', () => !client.isAuthenticated && client.storedToken === null);
}

async function losesExpiredToken(scene) {
  const client = await scene.open();
  await client.login({ username: 'ada', exp: nowS() + 2 });
  await client.until('the token', () => client.isAuthenticated && client.storedToken !== null);
  // Nothing is sent meanwhile but pongs.
  await client.until('the end of the token', () => !client.isAuthenticated && client.storedToken === null);
  assert.strictEqual((await client.call('dump')).auth, null);
}

async function comesBack(scene) {
  const { place } = scene;
  const channel = scene.channel();
  let client;
  let other;
  try {
    [other] = await scene.others();
    client = await scene.open({ autoReconnect: true, autoReconnectOptions: RETURN_QUICKLY });
    client.messages(channel);
    await scene.subscribe(client, channel);
    await client.login({ username: channel });
    await client.until('the token', () => client.storedToken !== null);
  } finally {
    place.arrive();
  }
  await place.killed;
  await client.event('disconnect');
  const event = await client.opened();
  assert.strictEqual(event.isAuthenticated, true);
  await client.until('its subscription', async () => (await client.call('dump')).subs.includes(channel));
  await client.publish(channel, 'own');
  assert.strictEqual(await client.message(channel), 'own');
  // The other one's worker has died too, which it may not have noticed yet.
  await other.until('its return', (peer) => peer.publish(channel, 'of the other').then(() => true, () => false));
  assert.strictEqual(await client.message(channel), 'of the other');
}

async function disconnects(scene) {
  const witness = await scene.witness();
  const told = await scene.open();
  const toldId = told.id;
  told.transmit('closeme', { code: 4321, data: 'why: ä' });
  const event = await told.event('disconnect');
  assert.strictEqual(event.code, 4321);
  assert.strictEqual(event.reason, 'why: ä');
  assert.strictEqual((await witness.message('farewell', ({ id }) => id === toldId)).code, 4321);
  const leaver = await scene.open();
  const leaverId = leaver.id;
  leaver.disconnect(4322, 'enough');
  const own = await leaver.event('disconnect');
  assert.strictEqual(own.code, 4322);
  const seen = await witness.message('farewell', ({ id }) => id === leaverId);
  assert.deepStrictEqual(seen, { id: leaverId, code: 4322, reason: 'enough' });
}

// kind: what it does for most of the time; scenarios that kill workers run when no others do.
module.exports = [
  { name: 'connect', run: connects },
  { name: 'pings', run: livesByPings, kind: 'waits' },
  { name: 'login', run: logsIn },
  { name: 'bad token', run: refusesTokens },
  { name: 'expiry', run: losesExpiredToken, kind: 'waits' },
  { name: 'disconnect', run: disconnects },
  { name: 'reconnect', run: comesBack, kind: 'kills workers' },
];
