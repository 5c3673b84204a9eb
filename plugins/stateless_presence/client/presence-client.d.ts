// What a user is called: the `username` of a token.
export type Username = string | number | boolean;

// What the application says of a user, in the user's token (see README.md, "Presence data").
export type PresenceData = { [key: string]: unknown };

export interface JoinEvent {
  action: 'join';
  channel: string;
  username: Username;
  data: PresenceData | null;
}

export interface LeaveEvent {
  action: 'leave';
  channel: string;
  username: Username;
}

export interface UpdateEvent {
  action: 'update';
  channel: string;
  username: Username;
  data: PresenceData | null;
}

export interface ReadyEvent {
  action: 'ready';
  channel: string;
  users: string[];
}

export interface FailEvent {
  action: 'fail';
  channel: string;
  error: Error;
}

export type PresenceEvent = JoinEvent | LeaveEvent | UpdateEvent | ReadyEvent | FailEvent;

export interface PresenceListener {
  join?(event: JoinEvent): void;
  leave?(event: LeaveEvent): void;
  update?(event: UpdateEvent): void;
  ready?(event: ReadyEvent): void;
  fail?(event: FailEvent): void;
}

export interface TrackOptions {
  /** A function gets `update`, `ready` and `fail` too, not only `join` and `leave`. */
  events?: boolean;
  /** Subscribe only while the socket is authenticated. */
  waitForAuth?: boolean;
}

export interface Tracking {
  readonly channel: string;
  /** Resolves with the list when it is complete; with an empty one if tracking ends before. Never rejects. */
  readonly ready: Promise<string[]>;
  /** Takes back this trackPresence. */
  untrack(): void;
}

export interface Clock {
  /** Milliseconds since whenever. */
  now(): number;
  setInterval(callback: () => void, ms: number): unknown;
  clearInterval(timer: unknown): void;
}

export interface PresenceClientOptions {
  /** Milliseconds between two looks at who has timed out; 1000 by default. */
  presenceCheckInterval?: number;
  /** Report everybody as gone when the connection is lost, as sc-stateless-presence 1.0.7 does. */
  clearOnDisconnect?: boolean;
  /** Another time than the system's, for tests. */
  clock?: Clock;
}

// A socket of socketcluster-client, of any version from 5 to 20; README.md lists what is used of it.
export interface PresenceSocket {
  id?: string | null;
  state: string;
}

export declare class PresenceClient {
  constructor(socket: PresenceSocket, options?: PresenceClientOptions);
  readonly channelListeners: { [channel: string]: Array<((event: any) => void) | PresenceListener> };
  trackPresence(channel: string): Tracking;
  trackPresence(channel: string, listener: null | undefined, options?: TrackOptions): Tracking;
  trackPresence(
    channel: string,
    listener: (event: PresenceEvent) => void,
    options: TrackOptions & { events: true },
  ): Tracking;
  trackPresence(
    channel: string,
    listener: (event: JoinEvent | LeaveEvent) => void,
    options?: TrackOptions & { events?: false },
  ): Tracking;
  trackPresence(channel: string, listener: PresenceListener, options?: TrackOptions): Tracking;
  untrackPresence(channel: string, listener?: ((event: any) => void) | PresenceListener): void;
  getPresenceList(channel: string): string[];
  isPresent(channel: string, username: Username): boolean;
  getPresenceData(channel: string, username: Username): PresenceData | null;
  isReady(channel: string): boolean;
  destroy(): void;
  close(): void;
}

export { PresenceClient as SCStatelessPresenceClient };

export declare function create(socket: PresenceSocket, options?: PresenceClientOptions): PresenceClient;

export as namespace scStatelessPresenceClient;
