/*
 * presence-client.js: who is in a channel, for pages and programs with a socketcluster-client 5 to 20.
 *
 * This one file is the CommonJS module, the AMD module and the browser script (global scStatelessPresenceClient);
 * presence-client.mjs passes it on as an ES module. Plain ES2018, no dependencies. README.md says how to use it, the
 * packets are in docs/protocol.md, "Presence".
 *
 * From the wire to the listener: a face (EmitterFace, StreamFace) hides the generation of the socket; PresenceClient
 * follows the connection and its subscriptions; a Room holds what is believed of one channel.
 */
(function (root, make) {
  'use strict';
  if (typeof module === 'object' && module.exports) module.exports = make();
  else if (typeof define === 'function' && define.amd) define([], make); // eslint-disable-line no-undef
  else root.scStatelessPresenceClient = make();
})(typeof globalThis === 'object' ? globalThis : typeof self === 'object' ? self : global, function () {
  'use strict';

  const PREFIX = 'presence>';
  const CHECK_INTERVAL = 1000;
  const READY_FALLBACK = 13000; // the timeout of a server with the default presenceInterval
  const DURATION_MAX = 2147483647; // what timers of browsers and Node can take
  const RESTART_PAUSE = 100;
  const SHORT_LIVES_MAX = 5;

  /* ---- What may stand in a packet ----------------------------------------------------------------------------- */

  function isObject(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  }

  function isName(value) {
    return typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && isFinite(value));
  }

  function isDuration(value) {
    return typeof value === 'number' && value > 0 && value <= DURATION_MAX;
  }

  /* An object's own member: a user may be called `constructor`. */
  function member(object, key) {
    return isObject(object) && Object.prototype.hasOwnProperty.call(object, key) ? object[key] : undefined;
  }

  /* The error reaches whoever watches for uncaught ones, and hinders nobody here. */
  function throwLater(error) {
    setTimeout(() => {
      throw error;
    }, 0);
  }

  function callSafely(callback, argument) {
    try {
      callback(argument);
    } catch (error) {
      throwLater(error);
    }
  }

  /* ---- One channel -------------------------------------------------------------------------------------------- */

  /*
   * WAITING: not subscribed; the list is the last one known, and no time runs out. STANDING: packets come. LOST:
   * the server has refused or ended the subscription; times run out, since nobody renews them.
   */
  const WAITING = 'waiting';
  const STANDING = 'standing';
  const LOST = 'lost';

  class Room {
    constructor(name, wireName, now) {
      this.name = name;
      this.wireName = wireName;
      this.now = now;
      this.users = new Map(); // by String(username): { name, data, timeout, until }
      this.listeners = new Map(); // what was given to trackPresence: does it want all events?
      this.hasSilentTracker = false;
      this.isTracked = true;
      this.isHeld = false; // is its subscription ours (with others, perhaps)?
      this.state = WAITING;
      this.isReady = false;
      this.readyAt = Infinity; // then it is ready in any case
      this.isRefused = false; // as opposed to kicked out
      this.roster = null; // one that is being received: { nextPart, seen }
      this.waiting = []; // resolve functions of `ready` promises
      this.waitForAuth = false;
    }

    /* Until it stands or is lost, what is known stays as it is. */
    suspend() {
      this.state = WAITING;
      this.isReady = false;
      this.readyAt = Infinity;
      this.roster = null;
    }

    /* Those who were known before have one timeout to be named again. */
    stand() {
      if (this.state === STANDING) return;
      this.state = STANDING;
      this.isRefused = false;
      this.readyAt = this.now() + READY_FALLBACK;
      this.runTimes();
    }

    lose(error, isRefused) {
      const wasWaiting = this.state === WAITING;
      this.suspend();
      this.state = LOST;
      this.isRefused = isRefused;
      if (wasWaiting) this.runTimes();
      this.tell({ action: 'fail', channel: this.name, error }, true);
    }

    runTimes() {
      const now = this.now();
      for (const user of this.users.values()) user.until = Math.max(user.until, now + user.timeout);
    }

    /* `data`: undefined where a packet says nothing of it, so that what is known stays. */
    mark(name, timeout, data) {
      const key = String(name);
      const user = this.users.get(key);
      const until = this.now() + timeout;
      if (this.roster) this.roster.seen.add(key);
      if (user) {
        user.timeout = timeout;
        user.until = until;
        if (data !== undefined) this.setData(user, data);
        return;
      }
      this.users.set(key, { name, timeout, until, data: data || null });
      this.tell({ action: 'join', channel: this.name, username: name, data: data || null });
    }

    /* A leave has the name's form that its join had, so that listeners can keep sets. */
    drop(key) {
      const user = this.users.get(key);
      if (!user) return;
      this.users.delete(key);
      this.tell({ action: 'leave', channel: this.name, username: user.name });
    }

    dropAll() {
      for (const key of this.users.keys()) this.drop(key);
    }

    setData(user, data) {
      if (JSON.stringify(user.data) === JSON.stringify(data)) return;
      user.data = data;
      this.tell({ action: 'update', channel: this.name, username: user.name, data }, true);
    }

    take(packet) {
      const { type, username, timeout, data } = packet;
      if (type === 'join' && isName(username) && isDuration(timeout)) {
        this.mark(username, timeout, isObject(data) ? data : undefined);
      } else if (type === 'ping' && Array.isArray(packet.users) && isDuration(timeout)) {
        this.markAll(packet, undefined);
      } else if (type === 'leave' && isName(username)) {
        this.drop(String(username));
      } else if (type === 'update' && isName(username) && (isObject(data) || data === null)) {
        const user = this.users.get(String(username));
        if (user) this.setData(user, data);
      } else if (type === 'roster') {
        this.takeRoster(packet);
      }
    }

    /* `none` is what it means that a packet has no data of a user. */
    markAll({ users, timeout, data }, none) {
      for (const name of users) {
        if (!isName(name)) continue;
        const own = member(data, String(name));
        this.mark(name, timeout, isObject(own) ? own : none);
      }
    }

    /* Parts must come one after the other from 0; otherwise the rest is void until a next part 0. */
    takeRoster(packet) {
      const { part, last, users, timeout } = packet;
      if (part === 0) this.roster = { nextPart: 0, seen: new Set() };
      if (!this.roster) return;
      if (part !== this.roster.nextPart || !Array.isArray(users) || !isDuration(timeout)) {
        this.roster = null;
        return;
      }
      this.roster.nextPart++;
      this.readyAt = this.now() + READY_FALLBACK;
      this.markAll(packet, null);
      if (last === true && this.roster) this.endRoster(this.roster.seen);
    }

    endRoster(seen) {
      this.roster = null;
      for (const key of this.users.keys()) {
        if (!seen.has(key)) this.drop(key);
      }
      this.becomeReady();
    }

    becomeReady() {
      if (this.isReady) return;
      this.isReady = true;
      this.readyAt = Infinity;
      for (const resolve of this.waiting.splice(0)) resolve(this.list());
      this.tell({ action: 'ready', channel: this.name, users: this.list() }, true);
    }

    /* Drops those whose time is over. */
    check() {
      const now = this.now();
      if (this.state === WAITING) return;
      for (const [key, user] of this.users) {
        if (user.until < now) this.drop(key);
      }
      if (this.state === STANDING && now >= this.readyAt) {
        this.roster = null;
        this.becomeReady();
      }
    }

    list() {
      return [...this.users.keys()];
    }

    /* `isNew`: of a kind that listeners of 1.0.7 don't know, who would take it for a leave. */
    tell(event, isNew = false) {
      for (const listener of [...this.listeners.keys()]) {
        if (this.listeners.has(listener)) this.tellOne(listener, event, isNew);
      }
    }

    tellOne(listener, event, isNew) {
      if (typeof listener === 'function') {
        if (!isNew || this.listeners.get(listener)) callSafely(listener, event);
      } else if (typeof listener[event.action] === 'function') {
        callSafely((argument) => listener[event.action](argument), event);
      }
    }

    /* For a listener that comes when the list is there: it hears it once, and not before trackPresence returns. */
    async tellReadyTo(listener) {
      await null;
      if (this.isReady && this.listeners.has(listener)) {
        this.tellOne(listener, { action: 'ready', channel: this.name, users: this.list() }, true);
      }
    }

    ready() {
      return new Promise((resolve) => {
        if (this.isReady) resolve(this.list());
        else this.waiting.push(resolve);
      });
    }

    end() {
      this.isTracked = false;
      this.roster = null;
      this.listeners.clear();
      this.users.clear();
      for (const resolve of this.waiting.splice(0)) resolve([]);
    }
  }

  /* ---- The two generations of sockets --------------------------------------------------------------------------- */

  /*
   * Presence of `room` is talked about on `presence>room`. A socket with a channelPrefix would put its prefix before
   * that; but the room's name in the server is PREFIXroom, and its presence `presence>PREFIXroom`. So names that
   * begin with `presence>` go as they are.
   */
  const exempted = new WeakSet();

  function exemptFromPrefix(socket) {
    if (!socket.channelPrefix || exempted.has(socket)) return;
    exempted.add(socket);
    for (const method of ['_decorateChannelName', '_undecorateChannelName']) {
      const original = socket[method];
      if (typeof original !== 'function') continue;
      socket[method] = function (name) {
        return typeof name === 'string' && name.startsWith(PREFIX) ? name : original.call(this, name);
      };
    }
  }

  /* Several presence clients may share a socket: what one of them ends, others may still need. */
  const holders = new WeakMap(); // by socket: by channel, how many

  class Face {
    constructor(socket) {
      this.socket = socket;
      exemptFromPrefix(socket);
      if (!holders.has(socket)) holders.set(socket, new Map());
      this.holders = holders.get(socket);
    }

    /* The id of the connection; null while there is none. */
    connectionId() {
      const { id, state } = this.socket;
      return state === 'open' && id !== null && id !== undefined ? String(id) : null;
    }

    ownName() {
      const { authToken } = this.socket;
      return isObject(authToken) ? authToken.username : undefined;
    }

    hold(channel) {
      this.holders.set(channel, (this.holders.get(channel) || 0) + 1);
    }

    /* Ends the subscription if nobody else holds it. */
    release(channel) {
      const rest = this.holders.get(channel) - 1;
      if (rest > 0) {
        this.holders.set(channel, rest);
        return;
      }
      this.holders.delete(channel);
      this.unsubscribe(channel);
    }

    /* Afresh, even if somebody else has subscribed to it: only a new subscription brings the list. */
    subscribe(channel, options) {
      this.unsubscribe(channel);
      this.socket.subscribe(channel, options);
    }

    unsubscribe(channel) {
      if (this.socket.isSubscribed(channel, true)) this.socket.unsubscribe(channel);
    }

    /* The connection's own channel: before all others that wait for the socket to open. */
    holdOwn(channel) {
      this.hold(channel);
      if (!this.socket.isSubscribed(channel, true)) this.socket.subscribe(channel, { priority: Number.MAX_SAFE_INTEGER });
    }

    releaseOwn(channel) {
      this.release(channel);
    }
  }

  /* socketcluster-client 5 to 14. */
  class EmitterFace extends Face {
    on(event, take) {
      this.socket.on(event, take);
      return () => this.socket.off(event, take);
    }

    listen({ onConnection, onLogin, onSubscribe, onSubscribeFail, onKickOut }) {
      const offs = [
        this.on('connect', () => onConnection()),
        this.on('disconnect', () => onConnection()),
        this.on('authenticate', () => onLogin()),
        this.on('authTokenChange', () => onLogin()), // to 9: a token in place of another
        this.on('subscribe', (channel) => onSubscribe(channel)),
        this.on('subscribeFail', (error, channel) => onSubscribeFail(channel, error)),
        this.on('kickOut', (message, channel) => onKickOut(channel, message)),
      ];
      return () => offs.forEach((off) => off());
    }

    watch(channel, take) {
      this.socket.watch(channel, take);
      return () => this.socket.unwatch(channel, take);
    }

    /* Here the priority is the channel's. */
    holdOwn(channel) {
      if (typeof this.socket.channel === 'function') this.socket.channel(channel).priority = Number.MAX_SAFE_INTEGER;
      super.holdOwn(channel);
    }

    /* These sockets keep every channel that they ever had; one of a connection's own is of no further use. */
    releaseOwn(channel) {
      this.release(channel);
      if (!this.holders.has(channel) && typeof this.socket.destroyChannel === 'function') this.socket.destroyChannel(channel);
    }

    publish(channel, data) {
      this.socket.publish(channel, data);
    }
  }

  /* socketcluster-client 15 to 20. */
  class StreamFace extends Face {
    listen({ onConnection, onLogin, onSubscribe, onSubscribeFail, onKickOut }) {
      const on = (event, take) => consume(() => this.socket.listener(event), take);
      const offs = [
        on('connect', () => onConnection()),
        on('disconnect', () => onConnection()),
        on('authenticate', () => onLogin()),
        on('subscribe', ({ channel }) => onSubscribe(channel)),
        on('subscribeFail', ({ channel, error }) => onSubscribeFail(channel, error)),
        on('kickOut', ({ channel, message }) => onKickOut(channel, message)),
      ];
      return () => offs.forEach((off) => off());
    }

    watch(channel, take) {
      return consume(() => this.socket.channel(channel), take);
    }

    publish(channel, data) {
      const sent = this.socket.transmitPublish(channel, data);
      if (sent && typeof sent.catch === 'function') sent.catch(() => {});
    }
  }

  /*
   * Takes all items of a stream until the function that it returns is called. A stream that ends before (the
   * application has closed or killed all consumers of its socket) is opened again.
   */
  function consume(open, take) {
    let isOver = false;
    let consumer = null;
    let shortLives = 0;

    async function next() {
      try {
        return await consumer.next();
      } catch (error) {
        return { done: true };
      }
    }

    async function run() {
      while (!isOver) {
        const openedAt = Date.now();
        consumer = open()[Symbol.asyncIterator]();
        for (let item = await next(); !item.done && !isOver; item = await next()) take(item.value);
        /* One that ends as soon as it is opened, again and again, must not keep the processor busy. */
        shortLives = Date.now() - openedAt < RESTART_PAUSE ? shortLives + 1 : 0;
        if (!isOver && shortLives > SHORT_LIVES_MAX) {
          await new Promise((resolve) => unref(setTimeout(resolve, RESTART_PAUSE)));
        }
      }
    }

    run();
    return () => {
      isOver = true;
      if (consumer && typeof consumer.return === 'function') consumer.return();
    };
  }

  function faceOf(socket) {
    const has = (...methods) => methods.every((method) => typeof socket[method] === 'function');
    if (isObject(socket) && has('listener', 'channel', 'transmitPublish', 'subscribe', 'unsubscribe')) {
      return new StreamFace(socket);
    }
    if (isObject(socket) && has('on', 'off', 'watch', 'unwatch', 'publish', 'subscribe', 'unsubscribe')) {
      return new EmitterFace(socket);
    }
    throw new TypeError('The first argument is not a socket of socketcluster-client');
  }

  /* ---- The client --------------------------------------------------------------------------------------------------- */

  /* In Node a timer that only looks at lists shall not keep the process alive. */
  function unref(timer) {
    if (timer && typeof timer.unref === 'function') timer.unref();
    return timer;
  }

  /* Steady where there is such a clock: a clock that is set must not make everybody leave. */
  const systemClock = {
    now: () => (typeof performance === 'object' ? performance.now() : Date.now()),
    setInterval: (callback, ms) => unref(setInterval(callback, ms)),
    clearInterval: (timer) => clearInterval(timer),
  };

  class PresenceClient {
    constructor(socket, options) {
      const { presenceCheckInterval, clearOnDisconnect, clock } = options || {};
      this.socket = socket;
      this.presenceCheckInterval = isDuration(Number(presenceCheckInterval)) ? Number(presenceCheckInterval) : CHECK_INTERVAL;
      this._clearOnDisconnect = Boolean(clearOnDisconnect);
      this._clock = clock || systemClock;
      this._face = faceOf(socket);
      this._rooms = new Map(); // by channel
      this._watches = new Map(); // by name on the wire: ends the watching
      this._connectionId = null;
      this._serverHasRosters = false;
      this._stopListening = null; // while something is tracked
      this._timer = null;
      this._checkedAt = 0;
      this._hasSkipped = false;
      this._isDestroyed = false;
    }

    /* As sc-stateless-presence 1.0.7 has it: the listeners of each channel. */
    get channelListeners() {
      const found = Object.create(null);
      for (const [channel, room] of this._rooms) found[channel] = [...room.listeners.keys()];
      return found;
    }

    trackPresence(channel, listener, options) {
      if (this._isDestroyed) throw new Error('This presence client was destroyed');
      if (typeof channel !== 'string') throw new TypeError('A channel is a string');
      if (listener && typeof listener !== 'function' && !isObject(listener)) {
        throw new TypeError('A listener is a function, or an object of functions');
      }
      const { events, waitForAuth } = options || {};
      const isNew = !this._rooms.has(channel);
      if (isNew) this._start();
      const room = isNew ? this._addRoom(channel) : this._rooms.get(channel);
      if (waitForAuth !== undefined) room.waitForAuth = Boolean(waitForAuth);
      if (listener) room.listeners.set(listener, Boolean(events));
      else room.hasSilentTracker = true;
      if (this._connectionId !== null && (isNew || room.state === LOST)) this._subscribe(room);
      if (listener && room.isReady) room.tellReadyTo(listener);
      return {
        channel,
        ready: room.ready(),
        untrack: () => {
          if (this._rooms.get(channel) === room) this._untrack(room, listener);
        },
      };
    }

    untrackPresence(channel, listener) {
      const room = this._rooms.get(channel);
      if (!room) return;
      if (listener) room.listeners.delete(listener);
      if (!listener || room.listeners.size === 0) this._removeRoom(room);
    }

    getPresenceList(channel) {
      const room = this._rooms.get(channel);
      return room ? room.list() : [];
    }

    isPresent(channel, username) {
      const room = this._rooms.get(channel);
      return room !== undefined && room.users.has(String(username));
    }

    getPresenceData(channel, username) {
      const room = this._rooms.get(channel);
      const user = room && room.users.get(String(username));
      return user ? user.data : null;
    }

    isReady(channel) {
      const room = this._rooms.get(channel);
      return room !== undefined && room.isReady;
    }

    destroy() {
      this._isDestroyed = true;
      for (const room of [...this._rooms.values()]) this._removeRoom(room);
    }

    close() {
      this.destroy();
    }

    /* ---- What is tracked ---- */

    _addRoom(channel) {
      const prefix = this.socket.channelPrefix || '';
      const room = new Room(channel, PREFIX + prefix + channel, () => this._clock.now());
      this._rooms.set(channel, room);
      this._watch(room.wireName, (packet) => this._take(room, packet));
      return room;
    }

    _untrack(room, listener) {
      if (listener) room.listeners.delete(listener);
      else room.hasSilentTracker = false;
      if (room.listeners.size === 0 && !room.hasSilentTracker) this._removeRoom(room);
    }

    _removeRoom(room) {
      this._rooms.delete(room.name);
      room.end();
      this._endWatch(room.wireName);
      this._release(room);
      if (this._rooms.size === 0) this._stop();
    }

    _watch(wireName, take) {
      this._watches.set(wireName, this._face.watch(wireName, (packet) => {
        if (isObject(packet)) take(packet);
      }));
    }

    _endWatch(wireName) {
      const end = this._watches.get(wireName);
      this._watches.delete(wireName);
      if (end) end();
    }

    /* With the first room. */
    _start() {
      if (this._stopListening) return;
      this._stopListening = this._face.listen({
        onConnection: () => this._followConnection(),
        onLogin: () => this._retryRefused(),
        onSubscribe: (wireName) => this._withRoom(wireName, (room) => this._onSubscribe(room)),
        onSubscribeFail: (wireName, error) => this._withRoom(wireName, (room) => room.lose(error, true)),
        onKickOut: (wireName, message) => this._withRoom(wireName, (room) => room.lose(kickOutError(message), false)),
      });
      this._checkedAt = this._clock.now();
      this._timer = this._clock.setInterval(() => this._check(), this.presenceCheckInterval);
      this._followConnection();
    }

    /* With the last room. */
    _stop() {
      if (!this._stopListening) return;
      this._stopListening();
      this._stopListening = null;
      this._clock.clearInterval(this._timer);
      this._timer = null;
      if (this._connectionId !== null) this._forgetOwnChannel();
    }

    _withRoom(wireName, act) {
      for (const room of this._rooms.values()) {
        if (room.wireName === wireName && this._connectionId !== null) act(room);
      }
    }

    /* ---- The connection ---- */

    _ownChannel() {
      return `${PREFIX}socket/${this._connectionId}`;
    }

    _forgetOwnChannel() {
      this._endWatch(this._ownChannel());
      this._face.releaseOwn(this._ownChannel());
      this._connectionId = null;
    }

    /* Events of a connection only say that it is worth looking; so it does no harm to miss one, or to hear it twice. */
    _followConnection() {
      const id = this._face.connectionId();
      if (id === this._connectionId) return;
      if (this._connectionId !== null) this._onDisconnect();
      if (id !== null) this._onConnect(id);
    }

    /* The own channel comes first: what is subscribed next is answered there. */
    _onConnect(id) {
      this._connectionId = id;
      this._serverHasRosters = false;
      this._watch(this._ownChannel(), (packet) => this._takePong(packet));
      this._face.holdOwn(this._ownChannel());
      for (const room of this._rooms.values()) this._subscribe(room);
    }

    /* The subscriptions are taken back, so that the library does not renew them before the own channel's. */
    _onDisconnect() {
      this._forgetOwnChannel();
      for (const room of [...this._rooms.values()]) {
        room.suspend();
        this._release(room);
        if (this._clearOnDisconnect) room.dropAll();
      }
    }

    _subscribe(room) {
      const options = { data: { roster: 1 } };
      if (room.waitForAuth) options.waitForAuth = true;
      room.suspend();
      if (!room.isHeld) this._face.hold(room.wireName);
      room.isHeld = true;
      this._face.subscribe(room.wireName, options);
    }

    /* Streams may tell of a subscription after its end. */
    _onSubscribe(room) {
      if (this.socket.isSubscribed(room.wireName)) room.stand();
    }

    _release(room) {
      if (room.isHeld) this._face.release(room.wireName);
      room.isHeld = false;
    }

    _retryRefused() {
      if (this._connectionId === null || !this.socket.authToken) return;
      for (const room of [...this._rooms.values()]) {
        if (room.state === LOST && room.isRefused) this._subscribe(room);
      }
    }

    /* ---- Packets and time ---- */

    /* Streams may hand out a packet when its connection is gone; to answer it would open another. And they may have lost
     * the news of a new one. */
    _isConnected() {
      this._followConnection();
      return this._connectionId !== null;
    }

    _take(room, packet) {
      if (!room.isTracked || room.state === LOST || !this._isConnected()) return;
      room.stand();
      if (packet.type === 'join') this._answerJoin(room, packet);
      if (packet.type === 'roster') this._serverHasRosters = true;
      room.take(packet);
      if (!room.isReady) this._hastenReady(room, packet);
    }

    /*
     * A server without rosters never says that the list is complete. It is taken for that soon after the first ping
     * (a roster that is on its way may still overtake), or one timeout after the own join.
     */
    _hastenReady(room, { type, socketId, timeout }) {
      if (this._serverHasRosters || !isDuration(timeout)) return;
      const isOwnJoin = type === 'join' && socketId === this._connectionId;
      if (isOwnJoin) room.readyAt = this._clock.now() + timeout;
      if (type === 'ping') room.readyAt = Math.min(room.readyAt, this._clock.now() + this.presenceCheckInterval);
    }

    /* Who comes asks those who are there to show themselves; trackers of 1.0.7 learn of us in no other way. */
    _answerJoin(room, { socketId, timeout }) {
      const username = this._face.ownName();
      if (typeof socketId !== 'string' || socketId === '' || !isDuration(timeout) || !isName(username)) return;
      const channel = room.wireName.slice(PREFIX.length);
      this._face.publish(`${PREFIX}socket/${socketId}`, { type: 'pong', channel, username, timeout });
    }

    _takePong({ type, channel, username, timeout }) {
      if (type !== 'pong' || typeof channel !== 'string' || !isName(username)) return;
      if (!isDuration(timeout) || !this._isConnected()) return;
      this._withRoom(PREFIX + channel, (room) => room.mark(username, timeout, undefined));
    }

    /*
     * After a long gap (the computer slept, or the page is hidden and its timers are slow) what has arrived meanwhile
     * may still have to be read: times run out one check later.
     */
    _check() {
      const now = this._clock.now();
      const wasGap = now - this._checkedAt > 3 * this.presenceCheckInterval;
      this._checkedAt = now;
      this._followConnection();
      this._hasSkipped = wasGap && !this._hasSkipped;
      if (this._hasSkipped) return;
      for (const room of [...this._rooms.values()]) room.check();
    }
  }

  function kickOutError(message) {
    const error = new Error(typeof message === 'string' ? message : 'The server ended the subscription');
    error.name = 'KickOutError';
    return error;
  }

  return {
    create: (socket, options) => new PresenceClient(socket, options),
    PresenceClient,
    SCStatelessPresenceClient: PresenceClient, // its name in 1.0.7
  };
});
