// Flamenco job type `tablao-render`: one check, chunks of frames rendered through Tablao's kit, one preview video.
//
// Runs in Flamenco Manager (goja: ES5.1 and most of ES6, no modules) and in flamenco-lite (node:vm). The manager hands
// over whatever was submitted, so that everything is checked here; a thrown text is the answer to the submitter.
// `author` and `job` come from the manager. The contract with the control service and the kit: README.md beside this.

// biome-ignore lint/correctness/noUnusedVariables: Flamenco reads it
const JOB_TYPE = {
  label: 'Tablao render',
  description: 'Check a shot, render its frames in chunks, record each frame, make a preview video',
  settings: [
    {
      key: 'blendfile',
      type: 'string',
      required: true,
      visible: 'web',
      description: 'The .blend, as the workers see it',
    },
    {
      key: 'render_dir',
      type: 'string',
      required: true,
      visible: 'web',
      description: 'Folder that takes the frames',
    },
    {
      key: 'chunks',
      type: 'string',
      required: true,
      visible: 'web',
      description: 'Frames of each task: 1-4;5-8;9,11',
    },
    {
      key: 'plan',
      type: 'string',
      required: true,
      visible: 'hidden',
      description: 'Settings for the kit (base64url of JSON)',
    },
    {
      key: 'blender',
      type: 'string',
      required: true,
      visible: 'web',
      description: 'Flamenco variable of the pinned Blender',
    },
    {
      key: 'scripts',
      type: 'bool',
      required: true,
      default: false,
      visible: 'web',
      description: "Run the file's own Python",
    },
    {
      key: 'check',
      type: 'bool',
      required: true,
      default: true,
      visible: 'web',
      description: 'Check the shot before the frames',
    },
    {
      key: 'video',
      type: 'bool',
      required: true,
      default: true,
      visible: 'web',
      description: 'Make a preview video at the end',
    },
  ],
};

// Flamenco's default is 50; the check goes before whatever else this worker could take.
const CHECK_PRIORITY = 100;

// biome-ignore lint/correctness/noUnusedVariables: Flamenco calls it
function compileJob(job) {
  const settings = job.settings;
  const blendfile = absolutePath(settings, 'blendfile');
  const renderDir = absolutePath(settings, 'render_dir');
  const plan = matching(settings, 'plan', /^[A-Za-z0-9_-]+=*$/, 'base64url of the plan');
  const blender = matching(
    settings,
    'blender',
    /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
    'the name of a Flamenco variable',
  );
  const scripts = flag(settings, 'scripts');
  const check = flag(settings, 'check');
  const video = flag(settings, 'video');
  const chunks = parseChunks(matching(settings, 'chunks', /\S/, 'frames, such as 1-4;5-8'));

  // Order matters: what Blender reads left to right comes before the file it should hold for, and everything after `--`
  // belongs to the kit.
  const before = [
    '--background',
    '-noaudio',
    scripts ? '--enable-autoexec' : '--disable-autoexec',
    '--python',
    '{tablao-kit}/open.py',
  ];
  function kit(script, args) {
    return ['--python-exit-code', '1', '--python', `{tablao-kit}/${script}`, '--', plan, renderDir].concat(
      args,
    );
  }

  let checkTask = null;
  if (check) {
    checkTask = author.Task('check', 'blender');
    checkTask.priority = CHECK_PRIORITY;
    // Not through the wrapper: the exit code of the check decides whether anything is rendered.
    checkTask.addCommand(
      author.Command(
        'blender-render',
        {
          exe: `{${blender}}`,
          exeArgs: '',
          argsBefore: before,
          blendfile: blendfile,
          args: kit('check.py', []),
        },
        1,
      ),
    );
    job.addTask(checkTask);
  }

  const renderTasks = [];
  for (let i = 0; i < chunks.length; i++) {
    const chunk = chunks[i];
    const task = author.Task(`render-${chunk.expression}`, 'blender');
    task.addCommand(wrapped(blender, before, blendfile, kit('render.py', [chunk.expression]), chunk.count));
    if (checkTask) task.addDependency(checkTask);
    job.addTask(task);
    renderTasks.push(task);
  }

  if (video) {
    const videoTask = author.Task('preview-video', 'ffmpeg');
    videoTask.addCommand(wrapped(blender, before, blendfile, kit('video.py', []), 1));
    for (let i = 0; i < renderTasks.length; i++) videoTask.addDependency(renderTasks[i]);
    job.addTask(videoTask);
  }
}

function wrapped(blender, before, blendfile, args, steps) {
  return author.Command(
    'blender-render',
    {
      exe: '{tablao-run}',
      exeArgs: '',
      argsBefore: [`{${blender}}`].concat(before),
      blendfile: blendfile,
      args: args,
    },
    steps,
  );
}

function absolutePath(settings, key) {
  // POSIX, or a Windows drive. Flamenco would expand braces.
  return matching(settings, key, /^(\/|[A-Za-z]:[\\/])[^{}]+$/, 'an absolute path without braces');
}

function matching(settings, key, pattern, what) {
  const value = settings[key];
  if (typeof value !== 'string' || !pattern.test(value)) {
    throw `tablao-render: setting "${key}" must be ${what}, not ${describe(value)}`;
  }
  return value;
}

function flag(settings, key) {
  const value = settings[key];
  if (typeof value !== 'boolean') {
    throw `tablao-render: setting "${key}" must be true or false, not ${describe(value)}`;
  }
  return value;
}

function describe(value) {
  if (value === undefined || value === null) return 'absent';
  const text = String(value);
  return `"${text.length > 80 ? `${text.slice(0, 80)}…` : text}"`;
}

// "1-4;9,11" → [{expression: "1-4", count: 4}, {expression: "9,11", count: 2}]. A frame stands in one chunk only:
// two workers that write the same file would spoil it.
function parseChunks(text) {
  const chunks = [];
  const seen = {};
  const parts = text.split(';');
  for (let i = 0; i < parts.length; i++) {
    const expression = parts[i].replace(/\s+/g, '');
    const frames = parseFrames(expression);
    for (let j = 0; j < frames.length; j++) {
      if (seen[frames[j]]) throw `tablao-render: frame ${frames[j]} is there twice in "chunks"`;
      seen[frames[j]] = true;
    }
    chunks.push({ expression: expression, count: frames.length });
  }
  return chunks;
}

function parseFrames(expression) {
  const frames = [];
  const ranges = expression.split(',');
  for (let i = 0; i < ranges.length; i++) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(ranges[i]);
    if (!match) throw `tablao-render: "${expression}" in "chunks" is no list of frames such as 1-4 or 9,11`;
    const first = parseInt(match[1], 10);
    const last = match[2] === undefined ? first : parseInt(match[2], 10);
    if (last < first) throw `tablao-render: "${expression}" in "chunks" goes backwards`;
    // Blender's own limit; it also keeps a typing error from filling the manager's memory.
    if (last > 1048574) throw `tablao-render: frame ${last} in "chunks" is beyond Blender's last one`;
    for (let frame = first; frame <= last; frame++) frames.push(frame);
  }
  return frames;
}
