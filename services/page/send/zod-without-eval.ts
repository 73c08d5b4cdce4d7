import { config } from 'zod';

// zod compiles its checks with `new Function`, which the page's policy forbids. Said before the first schema is made.
config({ jitless: true });
