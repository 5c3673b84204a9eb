'use strict';
// Our presence client on a published client, with what it reports in an Inbox.

const { Client } = require('./clients');
const { Inbox, until } = require('./wait');

const MODULE = require.resolve('../../../plugins/stateless_presence/client/presence-client.js');
const { create } = require(MODULE);

const TRACKED_VERSIONS = ['6.4.0', '10.1.2', '14.3.2', '16.1.1', '20.0.2'];

const RECONNECT_SOON = {
  autoReconnect: true,
  autoReconnectOptions: { initialDelay: 30, randomness: 20, multiplier: 1, maxDelay: 60 },
};

// Time that passes only when a test says so.
class ManualClock {
  constructor() {
    this.time = 1000;
    this.timers = new Set();
    this.now = () => this.time;
  }

  setInterval(callback, ms) {
    const timer = { callback, ms, at: this.time + ms };
    this.timers.add(timer);
    return timer;
  }

  clearInterval(timer) {
    this.timers.delete(timer);
  }

  pass(ms) {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.time = due.at;
      due.at += due.ms;
      due.callback();
    }
    this.time = end;
  }

  // As when a computer sleeps: no timer runs meanwhile.
  jump(ms) {
    this.time += ms;
    for (const timer of this.timers) {
      timer.at = this.time + timer.ms;
      timer.callback();
    }
  }
}

class Tracked {
  constructor(client, options, channel = 'room') {
    this.client = client;
    this.channel = channel;
    this.presence = create(client.socket, options);
    this.events = new Inbox(`presence of client ${client.version.name}`);
    this.tracking = this.presence.trackPresence(channel, (event) => this.events.push(event), { events: true });
  }

  get list() {
    return this.presence.getPresenceList(this.channel);
  }

  event(action, username) {
    const accept = (event) => event.action === action && (username === undefined || event.username === username);
    return this.events.next(accept, `${action} ${username === undefined ? '' : username}`);
  }

  // What was reported, as "+ada", "-ada", "ready", "fail", "~ada" for an update.
  reported() {
    const signs = { join: '+', leave: '-', update: '~' };
    return this.events.all.map(({ action, username }) => (signs[action] ? signs[action] + username : action));
  }

  untilList(expected) {
    const sorted = [...expected].sort();
    return until(`the list ${sorted}`, () => JSON.stringify([...this.list].sort()) === JSON.stringify(sorted));
  }
}

// Our client on a published one, tracking a channel. options: of the client library; presence: of ours.
async function tracker(t, version, port, { presence = { presenceCheckInterval: 200 }, channel, ...options } = {}) {
  const client = Client.create(version, port, options);
  const tracked = new Tracked(client, presence, channel);
  t.after(() => {
    tracked.presence.destroy();
    client.close();
  });
  await client.opened();
  return tracked;
}

module.exports = { MODULE, ManualClock, RECONNECT_SOON, TRACKED_VERSIONS, Tracked, create, tracker };
