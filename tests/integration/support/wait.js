'use strict';
// Waiting: for a condition, for an item of a queue. Limits are generous: a sanitizer build on a busy machine is slow.

const LIMIT_MS = 20000;

// As they were before clients.js changed them.
const { setTimeout, clearTimeout } = globalThis;

function later(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// Resolves with the first value of `probe()` that is not false, undefined or null.
async function until(what, probe, limitMs = LIMIT_MS) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value !== false && value !== undefined && value !== null) return value;
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await later(15);
  }
}

// Rejects when the promise takes too long, and says what was waited for.
function within(what, promise, limitMs = LIMIT_MS) {
  let timer;
  const limit = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${limitMs} ms in vain for ${what}`)), limitMs);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

// Items in the order in which they came, each handed out once.
class Inbox {
  constructor(name) {
    this.name = name;
    this.items = [];
    this.all = [];
    this.waiting = [];
  }

  push(item) {
    this.all.push(item);
    this.items.push(item);
    this.serve();
  }

  serve() {
    for (let i = 0; i < this.waiting.length; ) {
      const { accept, resolve } = this.waiting[i];
      const at = this.items.findIndex(accept);
      if (at < 0) {
        i++;
        continue;
      }
      this.waiting.splice(i, 1);
      resolve(this.items.splice(at, 1)[0]);
    }
  }

  // The oldest item that `accept` takes; others stay.
  next(accept = () => true, what = 'an item', limitMs = LIMIT_MS) {
    const entry = { accept };
    const promise = new Promise((resolve) => {
      entry.resolve = resolve;
    });
    this.waiting.push(entry);
    this.serve();
    return within(`${what} (${this.name})`, promise, limitMs).catch((error) => {
      this.waiting = this.waiting.filter((other) => other !== entry);
      const seen = this.items.slice(0, 20).map((item) => JSON.stringify(item)).join('\n  ');
      throw new Error(`${error.message}; what lies there:\n  ${seen || 'nothing'}`);
    });
  }

  // Takes out all that lies there.
  take() {
    return this.items.splice(0);
  }
}

module.exports = { LIMIT_MS, Inbox, later, until, within };
