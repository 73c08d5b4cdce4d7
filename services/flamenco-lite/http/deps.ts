import type { JobCompiler } from '../compiler/compile.ts';
import type { ConfigFile } from '../config/config.ts';
import type { Farm } from '../core/farm.ts';
import type { JobFiles } from '../storage/job-files.ts';
import type { LastRendered } from '../storage/last-rendered.ts';

/** What the routes work on. */
export interface ManagerDeps {
  readonly farm: Farm;
  readonly compiler: JobCompiler;
  readonly config: ConfigFile;
  readonly files: JobFiles;
  readonly lastRendered: LastRendered;
}
