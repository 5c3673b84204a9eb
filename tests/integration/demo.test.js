'use strict';
// The demo page in headless Chromium: two tabs, each somebody else.

const assert = require('node:assert');
const { after, before, describe, test } = require('node:test');
const { launchChromium } = require('./support/browser');
const { Cluster } = require('./support/cluster');
const { LIMIT_MS, until } = require('./support/wait');

describe('the demo page', () => {
  let cluster;
  let browser;
  const problems = [];
  before(async () => {
    cluster = await Cluster.start({
      workers: 2, brokers: 2,
      plugins: [{ name: 'stateless_presence', options: { presenceInterval: 1000, presenceTimeout: 10000 } }, { name: 'demo' }, { name: 'health_check' }],
    });
    browser = await launchChromium();
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

  test('says when the list is complete', async (t) => {
    const ada = await tab(t, 'Ada', 'whole');
    const isBusy = () => ada.getAttribute('#people', 'aria-busy');
    await until('the complete list', async () => (await isBusy()) === 'false');
    assert.strictEqual((await ada.textContent('#people-state')).trim(), '');
    await enter(ada, 'another');
    await until('the other complete list', async () => (await isBusy()) === 'false' && (await people(ada)).includes('Ada'));
  });

  test('shows the status that somebody sets, and keeps it when the page is loaded again', async (t) => {
    const ada = await tab(t, 'Ada', 'moods');
    await sees(ada, 'Ada');
    const shown = (text) => until(`the status "${text}"`, async () =>
      (await ada.$$eval('#people li', (items) => items.map((item) => item.querySelector('.status').textContent))).join() === text);
    await ada.fill('#status', ' at <b>lunch</b> ');
    await ada.press('#status', 'Enter');
    await shown('at <b>lunch</b>');
    assert.strictEqual(await ada.$('#people b'), null, 'what people write is text');
    await ada.reload();
    await sees(ada, 'Ada');
    await shown('at <b>lunch</b>');
    assert.strictEqual(await ada.inputValue('#status'), 'at <b>lunch</b>');
    await ada.evaluate(() => document.getElementById('status').removeAttribute('maxlength'));
    await ada.fill('#status', 'x'.repeat(61));
    await ada.press('#status', 'Enter');
    await until('an error', async () => (await ada.textContent('#status-error')).includes('60 characters'));
    await ada.fill('#status', '');
    await ada.press('#status', 'Enter');
    await shown('');
  });

  test('shows the status of others, from the first moment and when it changes', async (t) => {
    const ada = await tab(t, 'Ada', 'others');
    await ada.fill('#status', 'here <i>first</i>');
    await ada.press('#status', 'Enter');
    const bob = await tab(t, 'Bob', 'others');
    await sees(bob, 'here <i>first</i>');
    await ada.fill('#status', 'changed');
    await ada.press('#status', 'Enter');
    await sees(bob, 'changed');
    await ada.fill('#status', '');
    await ada.press('#status', 'Enter');
    await seesNot(bob, 'changed');
    await sees(bob, 'Ada');
  });

  test('has a label for every field and button, and fits a phone', async (t) => {
    const ada = await tab(t, 'Ada', 'small');
    const nameless = await ada.$$eval('input, button, section', (items) => items
      .filter((item) => !(item.labels && item.labels.length) && !item.textContent.trim() && !item.getAttribute('aria-labelledby'))
      .map((item) => item.outerHTML));
    assert.deepStrictEqual(nameless, []);
    await ada.setViewportSize({ width: 360, height: 640 });
    const { width, tall } = await ada.evaluate(() => ({
      width: document.documentElement.scrollWidth,
      tall: document.getElementById('log').getBoundingClientRect().height,
    }));
    assert.ok(width <= 360, `${width} pixels wide`);
    assert.ok(tall >= 150, `the messages have ${tall} pixels`);
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
