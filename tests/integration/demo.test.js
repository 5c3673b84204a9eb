'use strict';
// The demo page in headless Chromium: two tabs, each somebody else.
//
// SC_CHROMIUM: the browser; by default the one of the package chromium.

const assert = require('node:assert');
const fs = require('node:fs');
const { after, before, describe, test } = require('node:test');
const { Cluster } = require('./support/cluster');
const { LIMIT_MS, until } = require('./support/wait');

const CANDIDATES = [process.env.SC_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
];

describe('the demo page', () => {
  let cluster;
  let browser;
  const problems = [];
  before(async () => {
    const { chromium } = require('playwright-core');
    const executablePath = CANDIDATES.find((file) => file && fs.existsSync(file));
    assert.ok(executablePath, 'no Chromium: install the package chromium or set SC_CHROMIUM');
    cluster = await Cluster.start({
      workers: 2, brokers: 2,
      plugins: [{ name: 'stateless_presence' }, { name: 'demo' }, { name: 'health_check' }],
    });
    browser = await chromium.launch({ executablePath, args: FLAGS });
  });
  after(async () => {
    if (browser) await browser.close();
    if (cluster) await cluster.stop();
  });

  // A browser of its own: nothing is shared with other tabs.
  async function tab(t, name, room) {
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(LIMIT_MS);
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      const { host } = new URL(request.url());
      if (host !== `127.0.0.1:${cluster.port}`) problems.push(`asked ${request.url()}`);
    });
    await page.goto(`http://127.0.0.1:${cluster.port}/`);
    await page.fill('#name', name);
    await page.click('#enter');
    await page.waitForSelector('#chat-view', { state: 'visible' });
    if (room) await enter(page, room);
    return page;
  }

  async function enter(page, room) {
    await page.fill('#room', room);
    await page.press('#room', 'Enter');
    await until(`the room ${room}`, async () => (await page.textContent('#room-title')).includes(room));
  }

  const people = async (page) => (await page.$$eval('#people li', (items) => items.map((item) => item.textContent.trim()))).join('|');
  const sees = (page, ...names) => until(`${names} on the page`, async () => {
    const text = await people(page);
    return names.every((name) => text.includes(name));
  });
  const reads = (page, text) => until(`"${text}" on the page`, async () => (await page.textContent('#log')).includes(text));
  const seesNot = (page, name) => until(`${name} to be gone`, async () => !(await people(page)).includes(name));

  test('lets two tabs see each other join, chat and leave', async (t) => {
    const ada = await tab(t, 'Ada', 'hall');
    await sees(ada, 'Ada');
    const bob = await tab(t, 'Bob', 'hall');
    await sees(ada, 'Ada', 'Bob');
    await sees(bob, 'Ada', 'Bob');
    assert.strictEqual((await ada.textContent('#count')).trim(), '2');
    await ada.fill('#text', 'hello <b>Bob</b> & "all"');
    await ada.press('#text', 'Enter');
    await reads(bob, 'hello <b>Bob</b> & "all"');
    await bob.fill('#text', 'hello Ada');
    await bob.press('#text', 'Enter');
    await reads(ada, 'hello Ada');
    assert.strictEqual(await bob.$('#log b'), null, 'what people write is text');
    await bob.close();
    await seesNot(ada, 'Bob');
    await sees(ada, 'Ada');
  });

  test('keeps rooms apart, and follows who goes from one to another', async (t) => {
    const ada = await tab(t, 'Ada', 'left');
    const bob = await tab(t, 'Bob', 'left');
    await sees(ada, 'Bob');
    await enter(bob, 'right');
    await seesNot(ada, 'Bob');
    await sees(bob, 'Bob');
    assert.ok(!(await people(bob)).includes('Ada'));
    await enter(ada, 'right');
    await sees(bob, 'Ada', 'Bob');
  });

  test('keeps somebody there who is in two tabs and closes one', async (t) => {
    const ada = await tab(t, 'Ada', 'twice');
    const first = await tab(t, 'Bob', 'twice');
    const second = await tab(t, 'Bob', 'twice');
    await sees(ada, 'Bob');
    await sees(second, 'Ada', 'Bob');
    await first.close();
    const cy = await tab(t, 'Cy', 'twice');
    await sees(ada, 'Bob', 'Cy');
    await sees(cy, 'Ada', 'Bob');
    await second.close();
    await seesNot(ada, 'Bob');
  });

  test('comes back by itself when its worker dies', async (t) => {
    const ada = await tab(t, 'Ada', 'back');
    const bob = await tab(t, 'Bob', 'back');
    await sees(ada, 'Bob');
    for (const name of ['sc-worker-0', 'sc-worker-1']) await cluster.killAndReplace(name);
    await sees(ada, 'Ada', 'Bob');
    await sees(bob, 'Ada', 'Bob');
  });

  test('logs out', async (t) => {
    const ada = await tab(t, 'Ada', 'out');
    const bob = await tab(t, 'Bob', 'out');
    await sees(bob, 'Ada');
    await ada.click('#logout');
    await ada.waitForSelector('#login-view', { state: 'visible' });
    await seesNot(bob, 'Ada');
  });

  test('asked for nothing outside and threw no error', () => {
    assert.deepStrictEqual(problems, []);
  });
});
