/* The numbers that Web+ promises, measured on this machine beside nginx. */
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliCompressSync } from 'node:zlib'

import {
  binary,
  freePort,
  inParallel,
  median,
  post,
  root,
  usage,
  withFolder,
  withNginx,
  withServer,
  wrk,
} from './lib.ts'
import { measurePages } from './pages.ts'
import { measureStreams } from './streams.ts'

interface Row {
  what: string
  value: number
  unit: string
  /** What is promised; without it the number is only reported. */
  atMost?: number
  atLeast?: number
}

const runs = 5
const rounds = 3
const loadSeconds = Number(process.env['BENCH_SECONDS'] ?? 5)

// Servers are measured on SQLite but where a measure says otherwise.
const postgresUrl = process.env['WEBPLUS_TEST_POSTGRES']
delete process.env['WEBPLUS_TEST_POSTGRES']

const measures: Record<string, () => Promise<Row[]>> = { size, start, idle, list, postgres, credentials, pages, writes, streams }

async function size(): Promise<Row[]> {
  const stripped = await withFolder((folder) => {
    const copy = path.join(folder, 'webplus')
    execFileSync('strip', ['-o', copy, binary])
    return statSync(copy).size
  })
  const dist = path.join(root, 'apps/frontend/dist')
  const first = [...readFileSync(path.join(dist, 'index.html'), 'utf8').matchAll(/(?:src|href)="\/([^"]+\.js)"/g)]
  const bytes = first.map(([, name]) => brotliCompressSync(readFileSync(path.join(dist, name!))).length)
  return [
    { what: 'stripped binary, with the front end', value: stripped / 1024 / 1024, unit: 'MB', atMost: 12 },
    {
      what: `first load of the page: JavaScript, Brotli (${bytes.length} of ${readdirSync(path.join(dist, 'assets')).length} files)`,
      value: bytes.reduce((sum, length) => sum + length, 0) / 1024,
      unit: 'KB',
      atMost: 200,
    },
  ]
}

async function start(): Promise<Row[]> {
  const fresh: number[] = []
  const old: number[] = []
  const port = await freePort()
  const time = (data: string): number => {
    const args = [String(port), binary, 'serve', '--listen', `127.0.0.1:${port}`, '--data', data]
    const env = { PATH: process.env['PATH'], WEBPLUS_DISCOVER: 'false' }
    return Number(execFileSync(path.join(root, 'build/bench/start_time'), args, { env, stdio: ['ignore', 'pipe', 'ignore'] }).toString().trim().split('\n').at(-1))
  }
  for (let i = 0; i < runs; i++)
    await withFolder((folder) => {
      fresh.push(time(folder))
      old.push(time(folder))
    })
  return [
    { what: 'start to first 200, new database', value: median(fresh), unit: 'ms', atMost: 50 },
    { what: 'start to first 200, old database', value: median(old), unit: 'ms', atMost: 20 },
  ]
}

async function idle(): Promise<Row[]> {
  return withServer({}, async ({ server }) => {
    await sleep(2000)
    return [{ what: 'resident memory, idle, after a sign-in', value: usage(server.pid).residentMb, unit: 'MB', atMost: 20 }]
  })
}

async function list(): Promise<Row[]> {
  const target = '/api/v1/conversations?limit=20'
  return withServer({}, async (world) => {
    await inParallel(10_000, 32, (i) => post(world, '/api/v1/conversations', { title: `Conversation number ${i}` }))
    const reply = await fetch(world.server.url + target, { headers: world.headers })
    const body = Buffer.from(await reply.arrayBuffer())
    return withNginx(body, async (nginx) => {
      const ours = []
      const theirs = []
      for (let round = 0; round < rounds; round++) {
        theirs.push(await wrk(nginx, {}, loadSeconds))
        ours.push(await wrk(world.server.url + target, world.headers, loadSeconds))
      }
      if (ours.some((load) => load.failed > 0)) throw new Error('a request of the list failed')
      const perSecond = median(ours.map((load) => load.perSecond))
      const nginxPerSecond = median(theirs.map((load) => load.perSecond))
      return [
        { what: `nginx, a static file of ${body.length} bytes, one core`, value: nginxPerSecond, unit: 'req/s' },
        { what: 'list of 20 conversations of 10 000, signed in', value: perSecond, unit: 'req/s' },
        { what: '  as a share of nginx', value: perSecond / nginxPerSecond, unit: '×', atLeast: 0.25 },
        { what: '  p99 at 64 connections', value: median(ours.map((load) => load.p99Ms)), unit: 'ms', atMost: 5 },
      ]
    })
  })
}

/* The same read on either database, and what the pool is worth. */
async function postgres(): Promise<Row[]> {
  if (postgresUrl === undefined) throw new Error('bench/run starts PostgreSQL')
  const read = (): Promise<number> =>
    withServer({ WEBPLUS_DATABASE_CONNECTIONS: '16' }, async (world) => {
      await inParallel(10_000, 32, (i) => post(world, '/api/v1/conversations', { title: `Conversation number ${i}` }))
      const load = await wrk(world.server.url + '/api/v1/conversations?limit=20', world.headers, loadSeconds)
      if (load.failed > 0) throw new Error('a request of the list failed')
      return load.perSecond
    })
  const onSqlite = await read()
  process.env['WEBPLUS_TEST_POSTGRES'] = postgresUrl
  const onPostgres = await read()
  delete process.env['WEBPLUS_TEST_POSTGRES']
  const pool = path.join(root, 'build/bench/pool')
  const [pooled, alone] = execFileSync(pool, [postgresUrl, String(loadSeconds)], { encoding: 'utf8' }).split(' ').map(Number) as [number, number]
  return [
    { what: 'list of 20 conversations of 10 000, PostgreSQL, pool of 16', value: onPostgres, unit: 'req/s' },
    { what: '  as a share of the same on SQLite', value: onPostgres / onSqlite, unit: '×', atLeast: 0.25 },
    { what: 'reads from PostgreSQL by 16 threads, over the pool', value: pooled, unit: '/s' },
    { what: '  against a connection for each', value: pooled / alone, unit: '×', atLeast: 2 },
  ]
}

/* Who asks, when a credential was seen before. */
async function credentials(): Promise<Row[]> {
  const [token, key] = await withFolder((folder) => {
    const taken = Array.from({ length: runs }, () =>
      execFileSync(path.join(root, 'build/bench/credentials'), [folder], { encoding: 'utf8' }).split(' ').map(Number),
    )
    return [0, 1].map((column) => median(taken.map((run) => run[column]!)))
  })
  return [
    { what: 'check of an access token that was seen before, processor time', value: token!, unit: 'µs', atMost: 5 },
    { what: 'check of an API key that was seen before, processor time', value: key!, unit: 'µs', atMost: 10 },
  ]
}

/* Lists of an installation with a million rows of audit, on either database. */
async function pages(): Promise<Row[]> {
  if (postgresUrl === undefined) throw new Error('bench/run starts PostgreSQL')
  const { sqlite, postgres, wholeReads } = await measurePages(1_000_000, postgresUrl)
  return [
    { what: 'slowest page of users, sessions, and 1 000 000 rows of audit, SQLite', value: sqlite.ms, unit: 'ms', atMost: 5 },
    { what: `  ${sqlite.target}; median of all`, value: sqlite.medianMs, unit: 'ms' },
    { what: '  the same on PostgreSQL', value: postgres.ms, unit: 'ms', atMost: 5 },
    { what: `  ${postgres.target}; median of all`, value: postgres.medianMs, unit: 'ms' },
    { what: '  times that PostgreSQL read the log whole', value: wholeReads, unit: '', atMost: 0 },
  ]
}

/* 64 clients post messages; each fsync takes 5 ms longer, as on a disk. */
async function writes(): Promise<Row[]> {
  const [slow, slowLoad] = await postMessages('5')
  const [, fastLoad] = await postMessages('0')
  return [
    { what: 'acknowledged messages per fsync, fsync + 5 ms', value: slow, unit: '', atLeast: 20 },
    { what: '  messages, fsync + 5 ms', value: slowLoad, unit: '/s' },
    { what: '  messages, fsync as it is here', value: fastLoad, unit: '/s' },
  ]
}

async function postMessages(delayMs: string): Promise<[perFsync: number, perSecond: number]> {
  return withFolder((folder) => {
    const counter = path.join(folder, 'fsyncs')
    const env = {
      LD_PRELOAD: path.join(root, 'build/bench/libslow_fsync.so'),
      SLOW_FSYNC_MS: delayMs,
      SLOW_FSYNC_COUNT: counter,
      WEBPLUS_GUIDE_WORDS_PER_SECOND: '100000',
    }
    return withServer(env, async (world) => {
      // Many, so that none is asked again while its answer streams.
      const conversations = await inParallel(4000, 64, () => post(world, '/api/v1/conversations', {}))
      const fsyncs = (): number => Number(readFileSync(counter).readBigUInt64LE(0))
      const before = fsyncs()
      const load = await wrk(
        world.server.url,
        { ...world.headers, 'content-type': 'application/json' },
        loadSeconds,
        `ids = { ${conversations.map(({ id }) => `"${id}"`).join(', ')} }
next_id = 0
wrk.method = "POST"
wrk.body = '{"content":"How do I sign in?"}'
request = function()
  next_id = next_id % #ids + 1
  return wrk.format(nil, "/api/v1/conversations/" .. ids[next_id] .. "/messages")
end`,
      )
      return [(load.requests - load.failed) / (fsyncs() - before), load.perSecond]
    })
  })
}

async function streams(): Promise<Row[]> {
  const { p50Ms, p99Ms, cores, deltas } = await measureStreams(1000, 20, 10)
  return [
    { what: `1 000 WebSockets, each a stream of 20 deltas/s (${deltas} seen): upstream to client, median`, value: p50Ms, unit: 'ms' },
    { what: '  p99', value: p99Ms, unit: 'ms', atMost: 150 },
    { what: '  processor of the server', value: cores, unit: 'cores', atMost: 1 },
  ]
}

function print({ what, value, unit, atMost, atLeast }: Row): boolean {
  const kept = (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast)
  const number = value >= 1000 ? Math.round(value).toLocaleString('en').replaceAll(',', ' ') : value.toFixed(2)
  const promise = atMost !== undefined ? `≤ ${atMost}` : atLeast !== undefined ? `≥ ${atLeast}` : ''
  console.log(`${what.padEnd(74)} ${`${number} ${unit}`.padStart(16)}   ${promise.padEnd(6)} ${promise === '' ? '' : kept ? 'ok' : 'MISSED'}`)
  return kept
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(measures)
let missed = 0
for (const name of names) {
  const measure = measures[name]
  if (!measure) throw new Error(`there is no measure ${name}; there are: ${Object.keys(measures).join(', ')}`)
  for (const row of await measure()) missed += print(row) ? 0 : 1
}
process.exitCode = missed === 0 ? 0 : 1
