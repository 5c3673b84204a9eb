'use strict';
// Headless Chromium. SC_CHROMIUM: the browser; by default the one of the package chromium.

const assert = require('node:assert');
const fs = require('node:fs');

const CANDIDATES = [process.env.SC_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
];

function launchChromium() {
  const { chromium } = require('playwright-core');
  const executablePath = CANDIDATES.find((file) => file && fs.existsSync(file));
  assert.ok(executablePath, 'no Chromium: install the package chromium or set SC_CHROMIUM');
  return chromium.launch({ executablePath, args: FLAGS });
}

module.exports = { launchChromium };
