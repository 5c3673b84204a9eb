'use strict';
// Differences in the traces presence-v6. The defects are those of docs/protocol.md, "Defects of the original".

const { eachPacket, sent, text } = require('./differences_edit');

const COMPLETED = 'docs/protocol.md, "Defects of the original", 3 and 14: presence follows completed subscriptions only';
const DEFECT = (numbers) => `docs/protocol.md, "Defects of the original", ${numbers}`;

function message(packet) {
  return packet && packet.event === '#publish' && packet.data.data ? packet.data : undefined;
}

function isOf(packet, channel, type) {
  const found = message(packet);
  return found !== undefined && found.channel === channel && found.data.type === type;
}

// Of each client: id, and where in the trace it has subscribed to what.
function clientsOf(lines) {
  const clients = new Map();
  lines.forEach((line, at) => {
    const packet = text(line) || {};
    if (!clients.has(line.client)) clients.set(line.client, { name: line.client, ids: [], subscriptions: [], logins: [] });
    const client = clients.get(line.client);
    if (line.dir === 's2c' && packet.data && packet.data.pingTimeout) client.ids.push({ id: packet.data.id, at });
    if (line.dir === 'c2s' && packet.event === '#subscribe')
      client.subscriptions.push({ channel: packet.data.channel || packet.data, at });
    if (line.dir === 'c2s' && packet.event === 'login') client.logins.push({ username: packet.data.username, at });
  });
  return clients;
}

// The channel whose presence is talked about on another.
function subjectOf(channel) {
  return channel.startsWith('presence>') ? channel.slice('presence>'.length) : undefined;
}

// As whom a client is in a channel when it does something; undefined if it is not, or is nobody.
function memberName(client, channel, from, at) {
  const isIn = client.subscriptions.some((other) => other.channel === channel && other.at > from && other.at < at);
  const login = client.logins.filter((other) => other.at < at).pop();
  return isIn && login ? login.username : undefined;
}

// What made the original send joins without a username: subscriptions of that socket to the channel or to its presence, in their
// order; of its own only those from the moment on at which it could hear them.
function causesOf(clients, receiver, id, subject) {
  const sender = [...clients.values()].find((client) => client.ids.some((item) => item.id === id));
  if (sender === undefined) return [];
  const from = sender.ids.find((item) => item.id === id).at;
  const next = sender.ids.find((item) => item.at > from);
  const lived = (at) => at > from && (next === undefined || at < next.at);
  const tracking = `presence>${subject}`;
  const causes = sender.subscriptions.filter(({ channel, at }) => lived(at) && [subject, tracking].includes(channel))
    .map(({ channel, at }) => ({ isTracking: channel === tracking, at, username: memberName(sender, subject, from, at) }));
  const hears = receiver.subscriptions.filter(({ channel, at }) => channel === tracking && (receiver !== sender || lived(at)))[0];
  return causes.filter(({ at }) => hears !== undefined && at >= hears.at);
}

// Members are announced by the join with their name alone; trackers by one without, or with it if they are members.
function announceOnce(lines) {
  const clients = clientsOf(lines);
  const counts = new Map();
  const drops = [];
  lines.forEach((line, at) => {
    const packet = line.dir === 's2c' && text(line);
    const found = message(packet || undefined);
    const subject = found && subjectOf(found.channel);
    if (subject === undefined || found.data.type !== 'join' || found.data.username !== undefined) return;
    const key = `${line.client} ${found.data.socketId} ${subject}`;
    const count = counts.get(key) || 0;
    counts.set(key, count + 1);
    const cause = causesOf(clients, clients.get(line.client), found.data.socketId, subject)[count];
    if (cause === undefined || !cause.isTracking) drops.push(at);
    else if (cause.username !== undefined) line.payload = JSON.stringify(withName(packet, cause.username));
  });
  for (const at of drops.reverse()) {
    withoutPongTo(lines, at);
    lines.splice(at, 1);
  }
}

// A join that does not come is not answered: removes the next pong of its receiver to that socket, and its arrival there.
function withoutPongTo(lines, at) {
  const channel = `presence>socket/${message(text(lines[at])).data.socketId}`;
  const isPong = (line, i) => i > at && line.frame === 'text' && isOf(text(line), channel, 'pong');
  const going = lines.findIndex((line, i) => isPong(line, i) && line.dir === 'c2s' && line.client === lines[at].client);
  if (going < 0) return;
  const pong = JSON.stringify(message(text(lines[going])));
  const arrival = lines.findIndex((line, i) => isPong(line, i) && line.dir === 's2c' && JSON.stringify(message(text(line))) === pong);
  for (const i of [going, arrival].sort((a, b) => b - a)) if (i >= 0) lines.splice(i, 1);
}

function withName(packet, username) {
  const { type, ...rest } = packet.data.data;
  return { ...packet, data: { ...packet.data, data: { type, username, ...rest } } };
}

// Pongs of clients that are not in the channel are refused; what they would have led to does not come.
function withoutFalsePongs(lines) {
  const clients = clientsOf(lines);
  const refused = [];
  lines.forEach((line, at) => {
    const found = message(text(line));
    if (line.dir !== 'c2s' || found === undefined || found.data.type !== 'pong') return;
    const isTrue = clients.get(line.client).subscriptions.some((other) => other.channel === found.data.channel && other.at < at);
    if (!isTrue) refused.push(JSON.stringify(found));
  });
  for (const pong of refused) {
    const at = lines.findIndex((line) => line.dir === 's2c' && JSON.stringify(message(text(line))) === pong);
    if (at >= 0) lines.splice(at, 1);
  }
}

function drop(lines, predicate) {
  eachPacket(lines, (packet, line, at) => (predicate(packet, line, at) ? null : undefined));
}

// The id of a client that did not reconnect.
function idOf(lines, name) {
  return clientsOf(lines).get(name).ids[0].id;
}

const ROOM = 'presence>room';
const leave = (username, channel = ROOM) =>
  sent('w1', { event: '#publish', data: { channel, data: { type: 'leave', username } } });

function insertAfter(lines, isLine, ...more) {
  lines.splice(lines.findIndex(isLine) + 1, 0, ...more);
}

const asks = (part) => (line) => line.dir === 'c2s' && line.frame === 'text' && line.payload.includes(part);

module.exports = (differ) => {
  differ(/^presence-v6\/(one-user|two-users|three-users|reconnect|spoof|tracker-not-member|login-after-subscribe)$/,
    'nothing is announced on the channel of one socket', DEFECT(2), (lines) =>
      drop(lines, (packet) => message(packet) && packet.data.channel.startsWith('presence>socket/') && packet.data.data.type === 'join'));

  differ(/^presence-v6\/login-after-subscribe$/, 'there is no presence of presence', DEFECT(2), (lines) =>
    drop(lines, (packet) => message(packet) && packet.data.channel === 'presence>presence>room'));

  differ(/^presence-v6\/(prefix-in-middle|prefix-in-middle-relogin)$/, 'no packet of presence gets into the channel itself', DEFECT(6),
    (lines) => drop(lines, (packet) => message(packet) && packet.data.channel === 'my-presence>room'));

  differ(/^presence-v6\/(?!prefix|limit|spoof|string).*$/, 'members are announced once, with their name; trackers with it if they are members',
    COMPLETED, announceOnce);

  differ(/^presence-v6\/(two-users|three-users|tracker-not-member)$/, 'pongs of trackers that are not in the channel are refused',
    DEFECT(10), withoutFalsePongs);

  differ(/^presence-v6\/same-user-two-sockets$/, 'a user stays while one of its sockets does', DEFECT(1), (lines) =>
    drop(lines, (packet) => isOf(packet, ROOM, 'leave')));

  differ(/^presence-v6\/(subscribe-blocked-later|subscribe-over-limit)$/, 'a refused subscription announces nobody', DEFECT(3), (lines) =>
    drop(lines, (packet) => message(packet) && packet.data.data.username === 'alice'));

  differ(/^presence-v6\/kickout$/, 'a kickOut is a leave, and no other follows', DEFECT(4), (lines) => {
    drop(lines, (packet) => isOf(packet, ROOM, 'leave'));
    insertAfter(lines, asks('"kick"'), leave('alice'));
  });

  differ(/^presence-v6\/kickout$/, 'a kickOut ends the subscription',
    'docs/protocol.md, "Where we differ from the originals, and why"', (lines) =>
      eachPacket(lines, (packet) => (packet.rid === 5 ? { ...packet, data: { ...packet.data, subs: [], count: 0 } } : undefined)));

  differ(/^presence-v6\/nbf-after-good$/, 'losing the token is a leave', DEFECT(5), (lines) =>
    insertAfter(lines, asks('#authenticate'), leave('alice')));

  differ(/^presence-v6\/prefix-in-middle$/, 'a channel with presence> in its name has presence', DEFECT(6), (lines) => {
    const id = idOf(lines, 'alice');
    const data = { type: 'join', username: 'alice', timeout: 1300, socketId: id };
    const channel = 'presence>my-presence>room';
    insertAfter(lines, asks('#unsubscribe'), leave('alice', channel));
    insertAfter(lines, (line) => asks('#subscribe')(line) && line.client === 'alice', sent('w1', { event: '#publish', data: { channel, data } }));
  });

  differ(/^presence-v6\/prefix-in-middle-relogin$/, 'a user of such a channel leaves it at the end', DEFECT(6), (lines) =>
    insertAfter(lines, asks('#disconnect'), leave('alice', 'presence>my-presence>room')));

  differ(/^presence-v6\/token-without-username$/, 'there is no leave without a username', DEFECT(7), (lines) =>
    drop(lines, (packet) => isOf(packet, ROOM, 'leave')));

  differ(/^presence-v6\/deauth-then-login$/, 'who has left does not leave again', DEFECT(8), (lines) =>
    lines.splice(lines.map((line) => line.dir === 's2c' && isOf(text(line), ROOM, 'leave')).lastIndexOf(true), 1));

  differ(/^presence-v6\/reauth-other-name$/, 'the same user again is nothing new', COMPLETED, (lines) =>
    lines.splice(lines.map((line) => line.dir === 's2c' && isOf(text(line), ROOM, 'join')).lastIndexOf(true), 1));

  differ(/^presence-v6\/unsubscribe$/, 'unsubscribing from a channel that one is not in is an error and no leave', DEFECT(9), (lines) => {
    lines.splice(lines.map((line) => line.dir === 's2c' && isOf(text(line), ROOM, 'leave')).lastIndexOf(true), 1);
    const message = `Failed to unsubscribe socket from the room channel - Socket ${idOf(lines, 'alice')} tried to unsubscribe from a ` +
      'channel which it is not subscribed to';
    eachPacket(lines, (packet) => {
      if (packet.rid === 4) return { rid: 4, error: { message, name: 'BrokerError' } };
      return packet.rid === 5 ? { ...packet, data: { ...packet.data, count: 0 } } : undefined;
    });
  });

  differ(/^presence-v6\/string-subscribe$/, 'a plain string is a channel, with presence', DEFECT(12), (lines) => {
    drop(lines, (packet) => message(packet) && packet.data.channel === 'presence>undefined' && packet.data.data.socketId !== idOf(lines, 'w1'));
    const data = { type: 'join', username: 'alice', timeout: 1300, socketId: idOf(lines, 'alice') };
    insertAfter(lines, (line) => asks('#subscribe')(line) && line.client === 'alice', sent('w1', { event: '#publish', data: { channel: ROOM, data } }));
  });

  differ(/^presence-v6\/spoof$/, 'what clients say about others is refused', DEFECT('10 and 11'), (lines) => {
    drop(lines, (packet) => message(packet) && (packet.data.data.socketId === 'x' || packet.data.data.type === 'leave'));
    eachPacket(lines, (packet, line) => {
      if (line.client !== 'w1' || ![2, 3].includes(packet.rid)) return undefined;
      const error = { message: 'Action was silently blocked by publishIn middleware', name: 'SilentMiddlewareBlockedError', type: 'publishIn' };
      return { rid: packet.rid, error };
    });
  });

  differ(/^presence-v6\/spoof$/, 'members are announced once, with their name', COMPLETED, announceOnce);

  differ(/^presence-v6\/(limit-bypass|subscribe-over-limit)$/, 'the message of the limit names the channel',
    'docs/protocol.md, "Error objects": the s9 to s14 column for every client', (lines) => {
      const channels = { 4: 'two', 6: 'e' };
      eachPacket(lines, (packet) => {
        if (!packet.error || !packet.error.message.includes('socket to channel')) return undefined;
        const message = packet.error.message.replace('to channel', `to the ${channels[packet.rid]} channel`);
        return { ...packet, error: { ...packet.error, message } };
      });
    });

  differ(/^presence-v6\/limit-bypass$/, 'unsubscribing from nothing does not raise the limit',
    'docs/protocol.md, "Where we differ from the originals, and why"', (lines) => {
      const like = lines.map(text).find((packet) => packet && packet.error).error;
      eachPacket(lines, (packet) => {
        const channel = { 3: 'b', 4: 'c', 5: 'd' }[packet.rid];
        return channel && { rid: packet.rid, error: { ...like, message: like.message.replace('the e channel', `the ${channel} channel`) } };
      });
    });
};
