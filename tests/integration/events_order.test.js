'use strict';
// The events of a worker (sc/worker.h), in the order in which plugins are told, for the whole life of sockets: the plugin recorder
// notes them. And what it says of a refused handshake, and blocks.

const assert = require('node:assert');
const { after, before, describe, test } = require('node:test');
const { Client, VERSIONS } = require('./support/clients');
const { Cluster } = require('./support/cluster');
const { RawSocket } = require('./support/raw');
const { nowS, sign } = require('./support/token');
const { later, until } = require('./support/wait');

const OPTIONS = { pingInterval: 60000, pingTimeout: 120000 };
const FOREVER = 4102444800;

describe('events are told', () => {
  let cluster;
  let observer;

  before(async () => {
    cluster = await Cluster.start({ plugins: [{ test: 'recorder' }, { test: 'trace_app' }], options: OPTIONS });
    observer = await RawSocket.connect(cluster.port);
  });
  after(async () => {
    observer.destroy();
    await cluster.stop();
  });

  // What was told of sockets other than the observer since the last time, up to `count` closures.
  async function events(count = 1) {
    const seen = [];
    await until('the closure', async () => {
      seen.push(...(await observer.ask('recorder:events')).filter((event) => event.id !== observer.id));
      return seen.filter((event) => event.type === 'closure').length >= count;
    });
    return seen;
  }

  // "type channel username<oldUsername code"
  function brief(event) {
    const parts = [event.type];
    if (event.channel !== undefined) parts.push(event.channel);
    if (event.token !== undefined || event.oldToken !== undefined)
      parts.push(`${event.token ? event.token.username : ''}<${event.oldToken ? event.oldToken.username : ''}`);
    if (event.code !== undefined) parts.push(event.code);
    return parts.join(' ');
  }

  async function connect(t, options = {}) {
    await observer.ask('recorder:events');
    const raw = await RawSocket.connect(cluster.port, options);
    t.after(() => raw.destroy());
    return raw;
  }

  test('from the handshake with a token to the disconnection', async (t) => {
    const raw = await connect(t, { authToken: sign({ username: 'ada', exp: FOREVER }) });
    await raw.subscribe('a');
    await raw.ask('recorder:login', { username: 'bob' });
    await raw.ask('recorder:logout');
    await raw.call('#authenticate', sign({ username: 'cy', exp: FOREVER }));
    raw.send({ event: '#removeAuthToken' });
    await raw.ask('recorder:login', { username: 'dee' });
    await raw.subscribe('b');
    await raw.ask('kick', { channel: 'a' });
    raw.send({ event: '#unsubscribe', data: 'b' });
    await raw.subscribe('c');
    raw.sendClose(4321, 'enough');
    const seen = await events();
    assert.deepStrictEqual(seen.map(brief), [
      'handshake',
      'connection',
      'authStateChange ada<', 'authentication ada<',
      'subscription a',
      'authTokenSigned bob<', 'authentication bob<ada',
      'authStateChange <bob', 'deauthentication <bob',
      'authStateChange cy<', 'authentication cy<',
      'authStateChange <cy', 'deauthentication <cy',
      'authTokenSigned dee<', 'authStateChange dee<', 'authentication dee<',
      'subscription b',
      'unsubscription a',
      'unsubscription b',
      'subscription c',
      'unsubscription c 4321',
      'disconnection 4321',
      'closure 4321',
    ]);
    const of = (type, channel) => seen.find((event) => event.type === type && event.channel === channel);
    assert.strictEqual(of('handshake').phase, 'connecting');
    assert.strictEqual(of('connection').phase, 'open');
    assert.strictEqual(of('connection').hasToken, true);
    // What is left of a socket while its end is told.
    assert.deepStrictEqual([of('unsubscription', 'c').phase, of('unsubscription', 'c').hasToken], ['closed', true]);
    assert.deepStrictEqual([of('disconnection').channels, of('disconnection').reason], [0, 'enough']);
    assert.deepStrictEqual([of('closure').channels, of('closure').reason], [0, 'enough']);
  });

  test('with a refused token: the connection first, then that it was bad', async (t) => {
    const raw = await connect(t, { authToken: sign({ username: 'ada', exp: nowS() - 10 }) });
    raw.sendClose(1000);
    const seen = await events();
    assert.deepStrictEqual(seen.map(brief), ['handshake', 'connection', 'badAuthToken', 'disconnection 1000', 'closure 1000']);
    assert.strictEqual(seen[2].reason, 'jwt expired');
  });

  test('when a bad token takes a good one away: deauthentication, then that it was bad', async (t) => {
    const raw = await connect(t, { authToken: sign({ username: 'ada', exp: FOREVER }) });
    await raw.call('#authenticate', 'x.y.z');
    raw.sendClose(1000);
    assert.deepStrictEqual((await events()).map(brief).slice(4, 7), ['authStateChange <ada', 'deauthentication <ada', 'badAuthToken']);
  });

  test('to a connection that goes before its handshake: abort and closure, no disconnection', async (t) => {
    await observer.ask('recorder:events');
    const raw = await RawSocket.open(cluster.port);
    t.after(() => raw.destroy());
    await raw.fence();
    raw.destroy();
    assert.deepStrictEqual((await events()).map(brief), ['handshake', 'connectionAbort 1006', 'closure 1006']);
  });

  test('to one that says something else first: warning, abort and closure', async (t) => {
    await observer.ask('recorder:events');
    const raw = await RawSocket.open(cluster.port);
    t.after(() => raw.destroy());
    raw.send({ event: '#subscribe', data: { channel: 'a' }, cid: 1 });
    assert.strictEqual((await raw.closed()).code, 4009);
    const seen = await events();
    assert.deepStrictEqual(seen.map(brief), ['handshake', 'warning 4009', 'connectionAbort 4009', 'closure 4009']);
    assert.ok(seen[1].reason.length > 0);
  });

  test('of a refused handshake: warning with the error, abort and closure', async (t) => {
    await observer.ask('recorder:events');
    const raw = await RawSocket.open(cluster.port, { path: '/socketcluster/?block=4500' });
    t.after(() => raw.destroy());
    await raw.handshake(sign({ username: 'ada', exp: FOREVER }));
    await raw.closed();
    const seen = await events();
    assert.deepStrictEqual(seen.map(brief), ['handshake', 'warning', 'connectionAbort 4500', 'closure 4500']);
    assert.deepStrictEqual([seen[1].reason, seen[1].data.name], ['handshakeSC', 'HandshakeError']);
  });

  test('of what middleware blocks, as a warning with channel and error', async (t) => {
    const raw = await connect(t);
    await raw.subscribe('forbidden');
    await raw.publish('forbidden', 1);
    raw.sendClose(1000);
    const warnings = (await events()).filter((event) => event.type === 'warning');
    assert.deepStrictEqual(warnings.map((event) => [event.reason, event.channel, event.data.name, event.id]),
      [['subscribe', 'forbidden', 'ForbiddenError', raw.id], ['publishIn', 'forbidden', 'ForbiddenError', raw.id]]);
  });

  test('of an opening that middleware refuses: a warning without a socket, and nothing else', async () => {
    await observer.ask('recorder:events');
    await assert.rejects(RawSocket.open(cluster.port, { path: '/socketcluster/?refuse' }), (error) => error.answer.status === 401);
    const seen = await observer.ask('recorder:events');
    assert.deepStrictEqual(seen, [
      { type: 'warning', data: { message: 'Not this one', name: 'OpeningError' }, reason: 'handshakeWS' },
    ]);
  });

  for (const where of ['handshake', 'authenticate', 'subscribe', 'publishIn', 'warning']) {
    test(`each once when the socket is ended from within: ${where}`, async (t) => {
      await observer.ask('recorder:events');
      const raw = await RawSocket.open(cluster.port, { path: `/socketcluster/?end=${where}` });
      t.after(() => raw.destroy());
      raw.send({ event: '#handshake', data: { authToken: sign({ username: 'ada', exp: FOREVER }) }, cid: 1 });
      raw.send({ event: '#subscribe', data: { channel: where === 'warning' ? 'forbidden' : 'a' }, cid: 2 });
      raw.send({ event: '#publish', data: { channel: 'a', data: 1 }, cid: 3 });
      await raw.eof();
      const seen = (await events()).map(brief);
      const isEarly = ['handshake', 'authenticate'].includes(where);
      assert.strictEqual(seen.filter((line) => line === 'connection').length, isEarly ? 0 : 1);
      assert.match(seen.at(-2), isEarly ? /^connectionAbort (1006|4444)$/ : /^disconnection 1006$/);
      assert.match(seen.at(-1), /^closure (1006|4444)$/);
      /* Nothing of the socket is left behind that would ping or answer. */
      await later(100);
      await observer.fence();
    });
  }

  test('each once when a connection is cut off', async (t) => {
    const raw = await connect(t);
    await raw.subscribe('a');
    await raw.subscribe('b');
    raw.destroy();
    const seen = (await events()).map(brief);
    assert.deepStrictEqual(seen.slice(4, 6).sort(), ['unsubscription a 1006', 'unsubscription b 1006']);
    assert.deepStrictEqual(seen.slice(6), ['disconnection 1006', 'closure 1006']);
  });

  for (const version of VERSIONS) {
    test(`in the same order to client ${version.name}`, async (t) => {
      await observer.ask('recorder:events');
      const client = Client.create(version.name, cluster.port);
      t.after(() => client.close());
      await client.opened();
      await client.call('recorder:login', { username: 'eve' });
      await client.subscribe('room');
      client.close();
      const seen = (await events()).map(brief);
      assert.deepStrictEqual(seen.filter((line) => !line.startsWith('raw')).slice(0, -2), [
        'handshake', 'connection',
        'authTokenSigned eve<', 'authStateChange eve<', 'authentication eve<',
        'subscription room', `unsubscription room ${seen.at(-1).split(' ')[1]}`,
      ]);
      assert.match(seen.at(-2), /^disconnection \d+$/);
      assert.match(seen.at(-1), /^closure \d+$/);
    });
  }
});

describe('a handshake that middleware refuses', () => {
  let cluster;

  before(async () => {
    cluster = await Cluster.start({ plugins: [{ test: 'recorder' }], options: OPTIONS });
  });
  after(() => cluster.stop());

  async function refused(t, query) {
    const raw = await RawSocket.open(cluster.port, { path: `/socketcluster/?${query}` });
    t.after(() => raw.destroy());
    const answer = await raw.handshake();
    return { answer, disconnect: await raw.event('#disconnect'), close: await raw.closed() };
  }

  test('is answered with both generations\' code, then closed with it', async (t) => {
    for (const [query, code] of [['block=0', 4008], ['block=4008', 4008], ['block=4501', 4501], ['block=4999', 4999], ['block=3000', 3000]]) {
      const { answer, disconnect, close } = await refused(t, query);
      assert.deepStrictEqual(answer, {
        rid: 1, error: { message: 'Not you', name: 'HandshakeError', statusCode: code }, data: { code },
      });
      assert.strictEqual(disconnect.data.code, code);
      assert.strictEqual(close.code, code);
    }
  });

  test('with a code that WebSocket forbids is closed with 4008', async (t) => {
    for (const code of [1, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535]) {
      const { answer, close } = await refused(t, `block=${code}`);
      assert.deepStrictEqual([answer.data.code, answer.error.statusCode, close.code], [4008, 4008, 4008], String(code));
    }
  });

  test('silently is closed with 4008 too', async (t) => {
    const { answer, close } = await refused(t, 'block=silent');
    assert.strictEqual(answer.error.name, 'SilentMiddlewareBlockedError');
    assert.strictEqual(close.code, 4008);
  });

  // Clients 5 to 9 report 4003 whatever they are sent.
  for (const version of VERSIONS.filter((known) => Number(known.name.split('.')[0]) >= 10)) {
    test(`is reported with its code by client ${version.name}`, async (t) => {
      for (const [query, code] of [[{ block: 4501 }, 4501], [{ block: 0 }, 4008]]) {
        const client = Client.create(version.name, cluster.port, { query });
        t.after(() => client.close());
        assert.strictEqual((await client.event('connectAbort')).code, code);
      }
    });
  }
});

describe('without middlewareEmitWarnings', () => {
  test('nothing is told of what middleware blocks', async (t) => {
    const cluster = await Cluster.of(t, { plugins: [{ test: 'recorder' }], options: { ...OPTIONS, middlewareEmitFailures: false } });
    const raw = await RawSocket.connect(cluster.port);
    t.after(() => raw.destroy());
    assert.strictEqual((await raw.subscribe('forbidden')).error.name, 'ForbiddenError');
    assert.deepStrictEqual((await raw.ask('recorder:events')).filter((event) => event.type === 'warning'), []);
    assert.ok(!/blocked by middleware/.test(cluster.log()));
  });
});
