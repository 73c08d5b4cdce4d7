// One of several processes that count up in one record until it is killed: records.test.ts starts it.
// argv: the state folder, the name of this process.
import { createLocalRecords } from '../../../services/control/adapters/local/records.ts';
import { countUp } from '../../contracts/count-up.ts';

const [dir = '', name = ''] = process.argv.slice(2);
await countUp(createLocalRecords({ dir }), name);
