'use strict';
// Our presence client on each generation of published clients, with the plugin stateless_presence on two workers and two
// brokers; and beside the published presence client.

const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { launchChromium } = require('./support/browser');
const { Client, trackPresence } = require('./support/clients');
const { MODULE, RECONNECT_SOON, TRACKED_VERSIONS, Tracked, tracker } = require('./support/own_presence');
const { clientOn, member, start } = require('./support/presence');
const { later, until } = require('./support/wait');

const INTERVAL_MS = 500;
const TIMEOUT_MS = 4000; // pings that come late on a busy machine let nobody leave

// On a worker, tracking the channel; in it when it has a name.
async function visitor(t, cluster, version, worker, username, channel) {
  const client = await clientOn(t, cluster, version, worker);
  const tracked = new Tracked(client, { presenceCheckInterval: 100 }, channel);
  t.after(() => tracked.presence.destroy());
  if (username !== undefined) await enter(client, username, channel);
  return tracked;
}

async function enter(client, username, channel) {
  await client.login({ username });
  await client.until('the token', () => client.isAuthenticated);
  await client.subscribe(channel);
}

const leaves = (tracked) => tracked.reported().filter((entry) => entry.startsWith('-'));

describe('our presence client and the plugin', () => {
  let cluster;
  before(async () => {
    const options = { presenceInterval: INTERVAL_MS, presenceTimeout: TIMEOUT_MS };
    cluster = await start({ after() {} }, {
      plugins: [{ name: 'stateless_presence', options }, { test: 'trace_app' }, { test: 'whoami' }],
    });
  });
  after(() => cluster.stop());

  let rooms = 0;
  const newRoom = () => `room ${++rooms}`;

  for (const version of TRACKED_VERSIONS) {
    test(`see who is there, joins and leaves, on client ${version}`, async (t) => {
      const room = newRoom();
      const quiet = await member(t, cluster, 1, { username: 42 }, [room]);
      const ada = await visitor(t, cluster, version, 0, 'ada', room);
      const cy = await visitor(t, cluster, version, 1, undefined, room);
      const bob = await visitor(t, cluster, version, 1, 'bob', room);
      for (const tracked of [ada, bob, cy]) {
        await tracked.untilList(['42', 'ada', 'bob']);
        await tracked.tracking.ready;
      }
      await later(3 * INTERVAL_MS);
      quiet.destroy();
      await ada.untilList(['ada', 'bob']);
      bob.client.unsubscribe(room);
      for (const tracked of [ada, cy]) await tracked.untilList(['ada']);
      await ada.client.login({ username: 'eve' });
      await cy.untilList(['eve']);
      assert.strictEqual(leaves(cy).length, 3, leaves(cy).join());
    });

    test(`keep the list while client ${version} reconnects, and find out who left meanwhile`, async (t) => {
      const room = newRoom();
      await member(t, cluster, 0, 'stays', [room]);
      const goer = await member(t, cluster, 1, 'goes', [room]);
      const ada = await tracker(t, version, cluster.port, { channel: room, presence: { presenceCheckInterval: 100 }, ...RECONNECT_SOON });
      await ada.untilList(['stays', 'goes']);
      await ada.tracking.ready;
      ada.client.disconnect();
      await until('the end of the connection', () => ada.client.socket.state === 'closed');
      goer.destroy();
      await later(3 * INTERVAL_MS);
      assert.deepStrictEqual(ada.list.sort(), ['goes', 'stays']);
      assert.ok(!ada.presence.isReady(room));
      ada.client.socket.connect();
      await ada.untilList(['stays']);
      await until('readiness', () => ada.presence.isReady(room));
      assert.deepStrictEqual(leaves(ada), ['-goes']);
    });

    test(`tell client ${version} that it was refused, or kicked out`, async (t) => {
      const room = newRoom();
      const ada = await visitor(t, cluster, version, 0, 'ada', room);
      await ada.untilList(['ada']);
      ada.client.transmit('kick', { channel: `presence>${room}`, message: 'enough' });
      assert.deepStrictEqual((await ada.event('fail')).error.message, 'enough');
      const other = await Client.of(t, version, cluster.port);
      const spy = new Tracked(ada.client, {}, `socket/${other.id}`);
      t.after(() => spy.presence.destroy());
      assert.strictEqual((await spy.event('fail')).error.name, 'PresenceError');
    });

    test(`agree on names with client ${version} and its channelPrefix`, async (t) => {
      const name = newRoom();
      await member(t, cluster, 1, 'raw', [`app/${name}`]);
      const ada = await tracker(t, version, cluster.port, { channel: name, channelPrefix: 'app/' });
      await enter(ada.client, 'ada', name);
      await ada.untilList(['ada', 'raw']);
      const bob = await tracker(t, version, cluster.port, { channel: `app/${name}` });
      await bob.untilList(['ada', 'raw']);
    });
  }

  for (const version of ['6.4.0', '14.3.2']) {
    test(`and the published presence client on client ${version} see each other`, async (t) => {
      const room = newRoom();
      const old = await clientOn(t, cluster, version, 0);
      const published = trackPresence(old, [room]);
      await enter(old, 'old', room);
      const ours = await visitor(t, cluster, '20.0.2', 1, 'ours', room);
      await ours.untilList(['old', 'ours']);
      await published.untilList(['old', 'ours']);
      const third = await clientOn(t, cluster, version, 1);
      const newcomer = trackPresence(third, [room]);
      await newcomer.untilList(['old', 'ours']);
      ours.client.close();
      await published.change('leave', 'ours');
      await newcomer.change('leave', 'ours');
    });
  }

  test('work in a browser, with the scripts of both generations', async (t) => {
    const room = newRoom();
    await member(t, cluster, 1, 'ada', [room]);
    const files = {
      '/6.js': path.join(path.dirname(require.resolve('scc6')), 'socketcluster.js'),
      '/20.js': path.join(path.dirname(require.resolve('scc20')), 'socketcluster-client.min.js'),
      '/presence-client.js': MODULE,
      '/presence-client.mjs': MODULE.replace(/js$/, 'mjs'),
    };
    const options = JSON.stringify({ hostname: '127.0.0.1', port: cluster.port, multiplex: false });
    const pages = {
      '/script.html': `<script src="/6.js"></script><script src="/presence-client.js"></script><script>
        var presence = scStatelessPresenceClient.create(socketCluster.connect(${options}));
        presence.trackPresence('${room}').ready.then((users) => { window.users = users; });</script>`,
      '/module.html': `<script type="module">
        import { create as connect } from '/20.js';
        import { create } from '/presence-client.mjs';
        window.users = await create(connect(${options})).trackPresence('${room}').ready;</script>`,
    };
    const server = http.createServer((request, response) => {
      const body = pages[request.url] || (files[request.url] && fs.readFileSync(files[request.url]));
      response.writeHead(body ? 200 : 404, { 'Content-Type': request.url.endsWith('html') ? 'text/html' : 'text/javascript' });
      response.end(body || '');
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const browser = await launchChromium();
    t.after(() => browser.close());
    for (const name of Object.keys(pages)) {
      const page = await browser.newPage();
      const errors = [];
      page.on('pageerror', (error) => errors.push(error.message));
      await page.goto(`http://127.0.0.1:${server.address().port}${name}`);
      await page.waitForFunction(() => window.users !== undefined);
      assert.deepStrictEqual(await page.evaluate(() => window.users), ['ada'], name);
      assert.deepStrictEqual(errors, []);
      await page.close();
    }
  });
});
