/** Is bundled and run by bundle.test.ts: calls each of Google's and Kubernetes' clients once, on the stand-ins that PLACES names. */
import { GoogleAuth, OAuth2Client } from 'google-auth-library';
import { cloudSettings } from '../../services/control/cloud-settings.ts';
import { composeCloudPorts } from '../../services/control/compose-cloud.ts';
import { parseConfig } from '../../services/control/config.ts';
import { CLOUD_ENV } from '../cloud-env.ts';

export interface Places {
  readonly storage: string;
  readonly gkePort: number;
  readonly schedulerPort: number;
  readonly kube: string;
}

const places: Places = JSON.parse(process.env.PLACES ?? '');
const client = new OAuth2Client();
client.setCredentials({ access_token: 'good', expiry_date: Date.now() + 3_600_000 });
const rest = (port: number) => ({
  ...{ apiEndpoint: '127.0.0.1', port, protocol: 'http' as const, authClient: client },
});
const config = parseConfig(CLOUD_ENV, []);
if (config.mode !== 'cloud') throw new Error('this is the cloud mode');
const log = { warn: (fields: unknown, message: string) => console.error(message, fields) };
const { ports, ticker } = composeCloudPorts(cloudSettings(config), log, {
  google: { auth: async () => new GoogleAuth({ authClient: client }), token: async () => 'good' },
  storage: { apiEndpoint: places.storage },
  container: rest(places.gkePort),
  scheduler: rest(places.schedulerPort),
  serverOf: () => places.kube,
  writeGapMs: 0,
});

async function callEach() {
  await ports.records.create('runs/x.json', { id: 'x' });
  const record = await ports.records.read('runs/x.json');
  await ticker.kick();
  await ports.farm.create();
  const seen = await ports.farm.look();
  const workers = await ports.workers.list();
  return { record: record?.value, farm: seen.state, workers: workers.length };
}

// As the service's open port does: what waits for nothing but a time-out would else end here without a word.
setInterval(() => {}, 1000);
// Left alone, Node would show the line of the bundle in which it happened: half a megabyte.
const result = await callEach().catch((error: unknown) => ({ failed: String(error) }));
process.stdout.write(JSON.stringify(result));
process.exit(0);
