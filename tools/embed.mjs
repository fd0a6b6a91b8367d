// Makes C out of files, so that the binary carries them. Run by meson; the output depends on the input alone.
//
//   embed.mjs assets OUT_DIR DEPFILE URL_PREFIX=DIRECTORY[:ENDING]...   → assets_table.c assets_blob.{S,bin}
//   embed.mjs migrations OUT_DIR DEPFILE DIRECTORY                      → migrations_table.c
//
// A directory that does not exist yet is empty. Directories are written to the depfile as well as files, so that a file
// that is added or removed brings a new run.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
};

// In the order of enum coding in apps/backend/http/coding.h. Node before 22.15 has no zstd.
const ENCODERS = [
  (bytes) => promisify(zlib.gzip)(bytes, { level: 9 }),
  (bytes) =>
    zlib.zstdCompress
      ? zlib.zstdCompressSync(bytes, {
          params: { [zlib.constants.ZSTD_c_compressionLevel]: 19 },
        })
      : bytes,
  (bytes) =>
    promisify(zlib.brotliCompress)(bytes, {
      params: { [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
];

const [kind, outDir, depfile, ...roots] = process.argv.slice(2);
const seen = [resolve(process.argv[1])]; // what the output depends on
if (kind === 'assets') await embedAssets();
else if (kind === 'migrations') embedMigrations();
else throw new Error(`embed.mjs: what is ${kind}?`);

async function embedAssets() {
  const files = roots.flatMap((root) => {
    const [, prefix, directory, ending = ''] = /^(.*?)=(.*?)(?::(.*))?$/.exec(root);
    return walk(directory)
      .filter((name) => name.endsWith(ending))
      .map((name) => ({ path: prefix + name, file: join(directory, name) }));
  });
  files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));

  // One after the other, and zstd at once: an encoder has tens of megabytes from when it is asked for until it is collected.
  const assets = [];
  for (const file of files) assets.push(await readAsset(file));
  const blob = [];
  let offset = 0;
  const rows = assets.map(({ path, type, etag, encodings }) => {
    const data = encodings.map((bytes) => {
      if (!bytes) return 'NULL';
      blob.push(bytes);
      offset += bytes.length;
      return `assets_blob + ${offset - bytes.length}`;
    });
    const sizes = encodings.map((bytes) => bytes?.length ?? 0);
    const names = [path, type, etag].map(quote).join(', ');
    return `\t{ ${names},\n\t  { ${data.join(', ')} }, { ${sizes.join(', ')} } },\n`;
  });
  const bytes = Buffer.concat(blob);

  write('assets_blob.bin', bytes);
  write('assets_blob.S', blobAssembler(join(outDir, 'assets_blob.bin'), hash(bytes)));
  write(
    'assets_table.c',
    '#include "http/assets.h"\n\n' +
      'extern const unsigned char assets_blob[];\n\n' +
      `const struct asset assets[] = {\n${rows.join('')}\t{ .path = NULL },\n};\n` +
      `const size_t assets_count = ${rows.length};\n`,
  );
  writeDepfile('assets_table.c');
}

async function readAsset({ path, file }) {
  const plain = extname(file) === '.md' ? withoutComments(readFileSync(file)) : readFileSync(file);
  const type = TYPES[extname(file)];
  if (!type) throw new Error(`embed.mjs: ${file}: tools/embed.mjs knows no media type for this name`);
  seen.push(file);
  const packed = await Promise.all(ENCODERS.map((encode) => encode(plain)));
  return {
    path,
    type,
    etag: `"${hash(plain).slice(0, 32)}"`,
    encodings: [plain, ...packed.map((bytes) => (bytes.length < plain.length ? bytes : null))],
  };
}

// A guide says to tools/generate, not to its readers, where what is made begins and ends.
function withoutComments(guide) {
  return Buffer.from(guide.toString().replace(/^<!--.*-->\n/gm, ''));
}

// The hash makes the assembler's text, and with it the object, follow the content of the blob.
function blobAssembler(file, digest) {
  return `/* sha256 ${digest} */
#ifdef __CET__
#include <cet.h>
#endif
	.section .rodata
	.global assets_blob
	.hidden assets_blob
	.balign 16
assets_blob:
	.incbin ${quote(file)}
	.byte 0
	.section .note.GNU-stack, "", %progbits
`;
}

function embedMigrations() {
  const [directory] = roots;
  const migrations = new Map();
  for (const name of walk(directory)) {
    const match = /^((\d{4})_[a-z0-9_]+)\.(up|down)\.sql$/.exec(name);
    if (!match) throw new Error(`embed.mjs: ${name} is not called NNNN_name.up.sql or NNNN_name.down.sql`);
    const [, stem, number, way] = match;
    const row = migrations.get(number) ?? { stem };
    if (row.stem !== stem) throw new Error(`embed.mjs: two migrations have the number ${number}`);
    row[way] = readFileSync(join(directory, name), 'utf8');
    migrations.set(number, row);
    seen.push(join(directory, name));
  }
  const rows = [...migrations.keys()].sort().map((number) => {
    const { stem, up, down } = migrations.get(number);
    if (!up || !down) throw new Error(`embed.mjs: ${stem} lacks its way ${up ? 'down' : 'up'}`);
    return `\t{ ${Number(number)}, ${quote(stem)},\n${quoteLines(up)},\n${quoteLines(down)} },\n`;
  });
  write(
    'migrations_table.c',
    '#include "db/migrate.h"\n\n#include <stddef.h>\n\n' +
      '/* C promises 4095 characters; gcc and clang take any length. */\n' +
      '#pragma GCC diagnostic ignored "-Woverlength-strings"\n\n' +
      `const struct migration migrations[] = {\n${rows.join('')}\t{ .number = 0 },\n};\n` +
      `const size_t migrations_count = ${rows.length};\n`,
  );
  writeDepfile('migrations_table.c');
}

// The names of the files under a directory, relative to it.
function walk(directory, under = '') {
  const here = join(directory, under);
  seen.push(here);
  if (!existsSync(here)) return [];
  return readdirSync(here, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = under + entry.name;
      return entry.isDirectory() ? walk(directory, `${name}/`) : [name];
    });
}

function quote(text) {
  const escaped = [...Buffer.from(text)].map((byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    if (byte === 0x0a) return '\\n';
    return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${escaped.join('').replaceAll('??', '?\\?')}"`;
}

function quoteLines(text) {
  const lines = text.split(/(?<=\n)/);
  return lines.map((line) => `\t  ${quote(line)}`).join('\n');
}

function hash(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

// What has not changed keeps its time, and nothing that is made from it is made again.
function write(name, content) {
  const file = join(outDir, name);
  const bytes = Buffer.from(content);
  if (!existsSync(file) || !readFileSync(file).equals(bytes)) writeFileSync(file, bytes);
}

function writeDepfile(target) {
  const escape = (name) => resolve(name).replaceAll(' ', '\\ ');
  writeFileSync(depfile, `${join(outDir, target)}: ${seen.map(escape).join(' \\\n  ')}\n`);
}
