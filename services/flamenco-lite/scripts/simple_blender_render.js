// Renders a range of frames and makes a preview video of them: the settings and the behaviour of Flamenco's job type
// of the same name (flamenco.md §5.2, §5.3).
// biome-ignore-all lint/correctness/noUnusedVariables: the manager reads JOB_TYPE and calls compileJob.
/* global author, formatTimestampLocal, frameChunker, frameCount, path */

const JOB_TYPE = {
  label: 'Simple Blender Render',
  description: 'Render frames and make a preview video of them',
  settings: [
    {
      key: 'frames',
      type: 'string',
      required: true,
      eval: "f'{C.scene.frame_start}-{C.scene.frame_end}'",
      evalInfo: { showLinkButton: true, description: 'Scene frame range' },
      description: "Frames to render, like '47', '1-30' or '3, 5-10, 47-327'",
    },
    {
      key: 'chunk_size',
      type: 'int32',
      default: 1,
      visible: 'submission',
      description: 'Frames that one task renders',
    },
    {
      key: 'render_output_root',
      type: 'string',
      subtype: 'dir_path',
      required: true,
      visible: 'submission',
      description: 'Folder below which the job gets its own',
    },
    {
      key: 'add_path_components',
      type: 'int32',
      required: true,
      default: 0,
      propargs: { min: 0, max: 32 },
      visible: 'submission',
      description: "Parts of the .blend file's own path to keep in the output path",
    },
    {
      key: 'render_output_path',
      type: 'string',
      subtype: 'file_path',
      editable: false,
      eval: "str(Path(abspath(settings.render_output_root), last_n_dir_parts(settings.add_path_components), jobname, '{timestamp}', '######'))",
      description: 'Where the frames go',
    },
    {
      key: 'blendfile',
      type: 'string',
      required: true,
      visible: 'web',
      description: 'The .blend file to render',
    },
    { key: 'fps', type: 'float', eval: 'C.scene.render.fps / C.scene.render.fps_base', visible: 'hidden' },
    {
      key: 'format',
      type: 'string',
      required: true,
      eval: 'C.scene.render.image_settings.file_format',
      visible: 'web',
    },
    {
      key: 'image_file_extension',
      type: 'string',
      required: true,
      eval: 'C.scene.render.file_extension',
      visible: 'hidden',
      description: 'Extension of the frames, with its dot',
    },
    {
      key: 'has_previews',
      type: 'bool',
      required: false,
      eval: 'C.scene.render.image_settings.use_preview',
      visible: 'hidden',
      description: 'Whether Blender writes a JPEG beside each EXR',
    },
    {
      key: 'scene',
      type: 'string',
      required: true,
      eval: 'C.scene.name',
      visible: 'web',
      description: 'Name of the scene to render',
    },
  ],
};

const videoFormats = ['FFMPEG', 'AVI_RAW', 'AVI_JPEG'];
const formatsWithoutVideo = ['EXR', 'MULTILAYER', 'OPEN_EXR', 'OPEN_EXR_MULTILAYER'];

// Existing frames are kept, so that a task that is given out again does only what is missing.
const renderSettings = [
  'import bpy',
  'r = bpy.context.scene.render',
  'r.use_file_extension = True',
  'r.use_overwrite = False',
  'r.use_placeholder = False',
].join('; ');

function compileJob(job) {
  const settings = job.settings;
  if (videoFormats.includes(settings.format)) {
    throw `This job type renders images, not "${settings.format}"`;
  }
  // Kept in the settings, so that the job shows later where its frames went.
  settings.render_output_path = outputPath(job);
  const folder = path.dirname(settings.render_output_path);
  const renders = renderTasks(settings, folder);
  const video = videoTask(settings, folder);
  for (const render of renders) {
    job.addTask(render);
    if (video) video.addDependency(render);
  }
  if (video) job.addTask(video);
}

function outputPath(job) {
  if (!job.settings.render_output_path) throw 'no render_output_path setting!';
  return job.settings.render_output_path.replaceAll('{timestamp}', () => formatTimestampLocal(job.created));
}

function renderTasks(settings, folder) {
  const output = path.join(folder, path.basename(settings.render_output_path));
  return frameChunker(settings.frames, settings.chunk_size).map((chunk) => {
    const args = ['--python-expr', renderSettings, '--render-output', output];
    args.push('--render-format', settings.format, '--render-frame', chunk.replaceAll('-', '..'));
    const command = author.Command(
      'blender-render',
      {
        exe: '{blender}',
        exeArgs: '{blenderArgs}',
        argsBefore: [],
        blendfile: settings.blendfile,
        args: settings.scene ? ['--scene', settings.scene, ...args] : args,
      },
      frameCount(chunk),
    );
    const task = author.Task(`render-${chunk}`, 'blender');
    task.addCommand(command);
    return task;
  });
}

function videoTask(settings, folder) {
  const needsPreviews = formatsWithoutVideo.includes(settings.format);
  if (!settings.fps || (needsPreviews && !settings.has_previews)) return null;
  const stem = path.stem(settings.blendfile).replace('.flamenco', '');
  const task = author.Task('preview-video', 'ffmpeg');
  const command = author.Command('frames-to-video', {
    exe: 'ffmpeg',
    fps: settings.fps,
    inputGlob: path.join(folder, `*${needsPreviews ? '.jpg' : settings.image_file_extension}`),
    outputFile: path.join(folder, `${stem}-${firstToLast(settings.frames)}.mp4`),
    // H.264 wants even sizes, hence the padding.
    args: [
      ...['-c:v', 'h264', '-crf', '20', '-g', '18'],
      ...['-vf', 'pad=ceil(iw/2)*2:ceil(ih/2)*2', '-pix_fmt', 'yuv420p', '-r', settings.fps, '-y'],
    ],
  });
  task.addCommand(command);
  return task;
}

function firstToLast(frames) {
  if (!`${frames}`.includes(',')) return frames;
  const single = frameChunker(frames, 1);
  return `${single[0]}-${single[single.length - 1]}`;
}
