// The service as a process of its own in cloud mode, exactly as main.ts starts it, but with stand-ins in Google's place:
// STAND_INS says where they are.
import { parseConfig } from '../../services/control/config.ts';
import { createLog } from '../../services/control/logging.ts';
import { serveCloud } from '../../services/control/serve-cloud.ts';
import type { StandInPlaces } from './service-process.ts';

const config = parseConfig(process.env, []);
if (config.mode !== 'cloud') throw new Error('PROJECT is not set');
const at: StandInPlaces = JSON.parse(process.env.STAND_INS ?? '');
const rest = (port: number) => ({ apiEndpoint: '127.0.0.1', port, protocol: 'http' as const });
const { stopped } = await serveCloud(config, createLog(config, null), {
  // Without this the client sends no token to another server than Google's.
  storage: { apiEndpoint: at.storage, useAuthWithCustomEndpoint: true },
  ...{ container: rest(at.gkePort), scheduler: rest(at.schedulerPort), compute: at.gke },
  serverOf: (endpoint) => `http://${endpoint}`,
  certs: {
    oauth2FederatedSignonPemCertsUrl: `${at.issuer}/certs/pem`,
    oauth2FederatedSignonJwkCertsUrl: `${at.issuer}/certs/jwks`,
  },
});
process.exit(await stopped);
