import { TERRAFORM } from './names.mjs';

/** Terraform in our folder, on the state in the project's bucket. */
export function createTerraform(programs, { project, region, variables }) {
  const at = `-chdir=${TERRAFORM}`;
  const given = { project, region, ...variables };
  const vars = Object.entries(given)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `-var=${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`);
  return {
    init: (bucket) =>
      programs.run(
        'terraform',
        at,
        'init',
        '-input=false',
        '-reconfigure',
        `-backend-config=bucket=${bucket}`,
      ),
    apply: (files, ...targets) =>
      programs.run(
        'terraform',
        at,
        'apply',
        '-input=false',
        '-auto-approve',
        ...files,
        ...vars,
        ...targets.map((target) => `-target=${target}`),
      ),
    destroy: (files) =>
      programs.run('terraform', at, 'destroy', '-input=false', '-auto-approve', ...files, ...vars),
    /** Whether the state knows it. */
    knows: (address) => {
      try {
        return programs.ask('', 'terraform', at, 'state', 'list').split('\n').includes(address);
      } catch (error) {
        // Before the first apply.
        if (/No state file was found/.test(error.said)) return false;
        throw error;
      }
    },
    adopt: (files, address, id) =>
      programs.run('terraform', at, 'import', '-input=false', ...files, ...vars, address, id),
    /** Leaves the thing alone from now on. */
    forget: (address) => programs.run('terraform', at, 'state', 'rm', address),
    outputs: () => {
      const text = programs.ask('{}', 'terraform', at, 'output', '-json');
      return Object.fromEntries(Object.entries(JSON.parse(text)).map(([name, { value }]) => [name, value]));
    },
  };
}
