/*
 * roster.js: who is in a room, from what the presence channels say.
 *
 * Each name counts until its time is over: joins, pings and pongs renew it, a leave ends it. `onChange` hears
 * {name, present, how} whenever somebody appears or disappears; `how` is the packet's type, or 'timeout'.
 */

export class Roster {
  #until = new Map(); // name: milliseconds
  #onChange;

  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** Names in alphabetical order. */
  get names() {
    return [...this.#until.keys()].sort((a, b) => a.localeCompare(b));
  }

  clear() {
    this.#until.clear();
  }

  /** Takes a presence packet. Others, and parts that are not as they should be, are ignored. */
  take(packet) {
    if (!packet || typeof packet !== 'object') return;
    const { type, username, timeout, users } = packet;
    const hasName = username !== undefined && username !== null;
    if ((type === 'join' || type === 'pong') && hasName) this.#mark(String(username), timeout, type);
    if (type === 'ping' && Array.isArray(users)) for (const name of users) this.#mark(String(name), timeout, type);
    if (type === 'leave' && hasName) this.#remove(String(username), type);
  }

  /** Drops those whose time is over. Call it every second or so. */
  sweep(now = Date.now()) {
    for (const [name, until] of this.#until) if (until < now) this.#remove(name, 'timeout');
  }

  #mark(name, timeout, how) {
    if (typeof timeout !== 'number' || !(timeout > 0)) return;
    const isNew = !this.#until.has(name);
    this.#until.set(name, Math.max(this.#until.get(name) ?? 0, Date.now() + timeout));
    if (isNew) this.#onChange({ name, present: true, how });
  }

  #remove(name, how) {
    if (this.#until.delete(name)) this.#onChange({ name, present: false, how });
  }
}
