export * from './presence-client.js';

import * as client from './presence-client.js';
export default client;
