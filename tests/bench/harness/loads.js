'use strict';
// The loads: one row of RESULTS.md each. What a figure means, which servers can take the load, and what the floor is.

const FANOUT = ['--milliseconds'];

// A floor that is the cost of system calls: one send() for each message and subscriber, or one for those that arrive
// together.
// A publication of 64 bytes is a frame of some 120.
const send = (sockets, ...more) => ['floor', '--mode', 'send', '--payload', 120, '--sockets', sockets, ...more];

const sendFloor = (sockets, inflight) => ({
  single: send(sockets, '--inflight', inflight),
  batched: send(sockets, '--batch', inflight),
});

function fanout(args) {
  return (protocol, ms) => ['fanout', '--protocol', protocol, ...args, ...FANOUT, ms];
}

const LOADS = [
  {
    name: 'fanout',
    id: 'fanout-100',
    title: '1 channel, 100 subscribers, 8 messages in flight',
    figure: ['CPU per delivery', 'µs', (r) => r.cpu_us_per_delivery],
    also: [['deliveries per second', '', (r) => r.deliveries_per_second]],
    aim: '1.1; 14 times below SocketCluster 6.8',
    args: fanout(['--subscribers', 100, '--inflight', 8]),
    floor: sendFloor(100, 8),
    floorText: (floors) =>
      `${round(floors.batched.cpu_us_per_delivery)} (8 messages in a send), ` +
      `${round(floors.single.cpu_us_per_delivery)} (a send for each)`,
    why: 'All messages that a batch from the broker brought go to a connection in one system call, as frames that all '
      + 'subscribers share. Profiled (perf, 100 subscribers, 8 in flight), 95 % of the worker\'s time is the kernel\'s: 88 % '
      + 'within sendmsg(), where TCP on loopback does the receiver\'s part too and wakes it (18 % of the time), 9 % the '
      + 'scheduler; 3 % are the server\'s own code, 2 % the C library\'s. Copying the eight frames together for one send() '
      + 'instead of eight vectors made no difference beyond the noise. The floor\'s reader never sleeps, so nobody has to be '
      + 'woken there; how much of the rest can be had is open.',
  },
  {
    name: 'fanout',
    id: 'fanout-1000',
    title: '1 channel, 1,000 subscribers, 2 in flight',
    figure: ['CPU per delivery', 'µs', (r) => r.cpu_us_per_delivery],
    also: [['deliveries per second', '', (r) => r.deliveries_per_second]],
    aim: '4.5',
    args: fanout(['--subscribers', 1000, '--inflight', 2]),
    floor: sendFloor(1000, 2),
    floorText: (floors) =>
      `${round(floors.batched.cpu_us_per_delivery)} (2 messages in a send), ` +
      `${round(floors.single.cpu_us_per_delivery)} (a send for each)`,
    why: 'With only 2 messages in flight a system call carries at most 2, so the call itself is the price.',
  },
  {
    name: 'fanout',
    id: 'pairs-50',
    title: '50 channels with 1 publisher and 1 subscriber each, 4 in flight',
    figure: ['CPU per delivery', 'µs', (r) => r.cpu_us_per_delivery],
    also: [['deliveries per second', '', (r) => r.deliveries_per_second]],
    aim: '10; 8 times below SocketCluster 6.8',
    args: fanout(['--channels', 50, '--inflight', 4]),
    floor: {
      ...sendFloor(50, 4),
      stream: ['floor', '--mode', 'stream', '--payload', 150],
    },
    floorText: (floors) =>
      `${round(floors.batched.cpu_us_per_delivery)} (4 messages in a send), ` +
      `${round(floors.single.cpu_us_per_delivery)} (a send for each); ` +
      `${round(floors.stream.cpu_us_per_message)} for each message alone over nanomsg`,
    why: 'Each message is also read from its publisher and passes nanomsg twice; batches that grow with the load make '
      + 'the latter cheap.',
  },
  {
    name: 'fanout',
    id: 'single',
    title: 'one message in flight, publish to delivery, p50',
    figure: ['latency p50', 'µs', (r) => r.latency_us.p50],
    also: [['p99', 'µs', (r) => r.latency_us.p99]],
    aim: '150',
    args: fanout(['--subscribers', 1, '--inflight', 1]),
    floor: { ping: ['floor', '--mode', 'ping'] },
    floorText: (floors) => `${round(floors.ping.round_trip_us.p50)} (nanomsg to and fro)`,
    why: 'Four sleeping threads are woken one after the other: worker, its nanomsg thread, broker and back. A server '
      + 'without a broker wakes one.',
  },
  {
    name: 'open',
    id: 'open-200',
    title: '1 channel, 100 subscribers, 200 messages a second (open loop), p99',
    figure: ['latency p99', 'µs', (r) => r.latency_us.p99],
    also: [
      ['p50', 'µs', (r) => r.latency_us.p50],
      ['p99.9', 'µs', (r) => r.latency_us.p999],
      ['CPU per delivery', 'µs', (r) => r.cpu_us_per_delivery],
    ],
    args: fanout(['--subscribers', 100, '--rate', 200]),
    floor: { single: send(100) },
    floorText: (floors) => `${round(floors.single.cpu_us_per_delivery * 100)} (100 sends one after the other)`,
    why: 'Latency counts from when a message was due. The last of 100 subscribers waits for 99 sends.',
  },
  {
    name: 'idle',
    id: 'connect',
    title: 'connect and handshake',
    figure: ['CPU each', 'µs', (r) => r.connect_cpu_us],
    also: [['connections per second', '', (r) => r.connects_per_second]],
    aim: '60',
    isIdle: true,
    floor: { connect: ['floor', '--mode', 'connect'] },
    floorText: (floors) => `${round(floors.connect.cpu_us_per_connection)} (accept, two reads, two sends, close)`,
    why: 'accept, the upgrade and the handshake are two reads and two writes for each connection, beside TCP\'s own.',
  },
  {
    name: 'idle',
    id: 'memory',
    title: 'idle connection, user memory',
    figure: ['private dirty each', 'bytes', (r) => r.private_dirty_bytes_each],
    also: [['PSS each', 'bytes', (r) => r.pss_bytes_each]],
    aim: '1,000',
    isIdle: true,
    why: 'Without TLS a connection owns no buffer while nothing is incomplete. The kernel\'s sockets are not counted, '
      + 'nor are Node\'s heaps collected first.',
  },
  {
    name: 'idle',
    id: 'pings',
    title: 'idle connections with pings every 8 s',
    figure: ['cores', '', (r) => r.ping_cores],
    also: [['connections', '', (r) => r.connections]],
    aim: '0.02 for 10,000',
    isIdle: true,
    floor: { single: send(1000) },
    floorText: (floors) => `${round((floors.single.cpu_us_per_delivery * 10000) / 8e6)} (10,000 sends in 8 s)`,
    why: 'A ping is one send and one receive.',
  },
];

// One frame with all names to each user.
function rosterFloor(users) {
  return {
    floor: { roster: ['floor', '--mode', 'send', '--sockets', users, '--payload', users * 8] },
    floorText: (floors) => `${round((floors.roster.cpu_us_per_delivery * users) / 1e6)} (one roster to each)`,
  };
}

function presenceLoad(id, users, aim, extra) {
  return {
    name: 'presence',
    id,
    title: `presence: ${extra.title || `${users.toLocaleString('en')} users join one channel`}`,
    figure: ['server CPU until all see all', 's', (r) => r.join.server_cpu_s],
    also: [
      ['all see all after', 's', (r) => (r.join.is_exact ? r.join.seconds : Infinity)],
      ['half vanished: all know after', 's', (r) => (r.vanish ? r.vanish.seconds : undefined)],
      ['PSS', 'MB', (r) => r.pss_bytes / 1e6],
      ['received by each while all stay', 'kB', (r) => r.hold.received_bytes_each / 1e3],
      ['taken for gone wrongly', '', (r) => r.flickers],
      ['taken for present wrongly', '', (r) => r.phantoms],
    ],
    aim,
    isPresence: true,
    ...extra,
  };
}

const PRESENCE = [
  presenceLoad('presence-100', 100, '0.1', {
    args: () => ['presence', '--users', 100, '--return', 1, '--hold-milliseconds', 2000],
    servers: ['ours', 'sc6'],
    ...rosterFloor(100),
    limit: 15,
    why: 'The floor of the original\'s protocol is a pong of each member to each who joins; a roster saves them.',
  }),
  presenceLoad('presence-1000', 1000, '2; 3 s; 100 MB', {
    args: () => ['presence', '--users', 1000, '--return', 1, '--hold-milliseconds', 3000],
    servers: ['ours', 'sc6'],
    ...rosterFloor(1000),
    limit: 12,
    why: '1,000 users that each learn of 1,000 are a million names: some 10 MB as rosters, a million packets as pongs.',
  }),
  presenceLoad('presence-10000', 10000, 'all see all, bounded bandwidth', {
    title: '10,000 users join one channel, 4 workers',
    args: () => ['presence', '--users', 10000, '--return', 0, '--hold-milliseconds', 10000],
    servers: ['ours'],
    setup: { workers: 4 },
    limit: 25,
    isLong: true,
    why: 'A hundred million names have to reach the clients once: about a gigabyte.',
  }),
  presenceLoad('presence-many-rooms', 1000, '', {
    title: '10,000 channels of 10',
    args: () => ['presence', '--users', 1000, '--rooms', 10000, '--room-size', 10, '--hold-milliseconds', 2000],
    servers: ['ours'],
    limit: 15,
    isLong: true,
    why: 'The cost is that of subscriptions: 200,000 of them.',
  }),
  presenceLoad('presence-one-user', 10, '', {
    title: '10 users in 1,000 channels',
    args: () => ['presence', '--users', 10, '--rooms', 1000, '--room-size', 10, '--hold-milliseconds', 2000],
    servers: ['ours'],
    setup: { options: { socketChannelLimit: 3000 } },
    limit: 15,
    isLong: true,
    why: 'As before, on few connections.',
  }),
];

// Each point is a fan-out on a server of ours; the cost per delivery is drawn.
const GROWTH = [
  {
    id: 'workers',
    title: 'workers (1 channel, 1,000 subscribers, 2 in flight)',
    points: [1, 2, 4, 8, 16],
    setup: (n) => ({ workers: n }),
    args: () => ['--subscribers', 1000, '--inflight', 2],
  },
  {
    id: 'brokers',
    title: 'brokers (50 channels one to one, 4 in flight, 2 workers)',
    points: [1, 2, 3, 4],
    setup: (n) => ({ workers: 2, brokers: n }),
    args: () => ['--channels', 50, '--inflight', 4],
  },
  {
    id: 'channels',
    title: 'channels (1 subscriber each, 200 connections, 64 messages in flight in all)',
    points: [1, 10, 100, 1000, 10000, 100000],
    setup: () => ({}),
    args: (n) => ['--channels', n, '--sockets', Math.min(n, 200), '--publishers', Math.min(n, 200), '--spread', 1,
      '--inflight', Math.min(n, 64)],
    second: { id: 'subscribe', title: 'channels: CPU of a subscription', figure: (r) => r.cpu_us_per_subscribe },
  },
  {
    id: 'subscribers',
    title: 'subscribers of one channel (2 messages in flight)',
    points: [1, 10, 100, 1000, 10000],
    setup: () => ({}),
    args: (n) => ['--subscribers', n, '--inflight', 2],
  },
  {
    id: 'payload',
    title: 'payload bytes (100 subscribers, 8 in flight)',
    points: [64, 512, 4096, 16384, 65536],
    setup: () => ({}),
    args: (n) => ['--subscribers', 100, '--inflight', 8, '--payload', n],
  },
];

function round(value) {
  if (value === undefined || value === null) return '';
  if (!Number.isFinite(value)) return 'never';
  if (value === 0) return '0';
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

module.exports = { LOADS: LOADS.concat(PRESENCE), GROWTH, round };
