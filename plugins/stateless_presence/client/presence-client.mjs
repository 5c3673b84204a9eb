// presence-client.js as an ES module. Node and bundlers hand its CommonJS exports over as `default`; in a browser,
// where a module has none, it has set its global.
import * as loaded from './presence-client.js';

const client = loaded.default || globalThis.scStatelessPresenceClient;

export const { create, PresenceClient, SCStatelessPresenceClient } = client;
export default client;
