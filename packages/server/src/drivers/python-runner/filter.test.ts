import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inheritedEnvironment } from '../../kernel/config/index.ts'
import { findPython } from '../environment-uv/find-python.ts'
import { pythonRoot } from './python-root.ts'

interface Case {
  readonly call?: string
  readonly number?: number
  readonly arguments?: readonly number[]
  readonly architecture?: number
  readonly network?: boolean
  readonly abi?: number
  readonly identity?: boolean
  /** In a step of its own: whether it was given processors. */
  readonly pinned?: boolean
}

const { path: python } = await findPython('', inheritedEnvironment())
const [unix, internet] = [1, 2]
const [stream, datagram, raw] = [1, 2, 3]
const newUser = 0x10000000
const fastOpen = 0x20000000

/** What the filters say on both kinds of machine, which is the same. */
function verdicts(cases: Cases): unknown[] {
  const input = ['x86_64', 'aarch64'].flatMap((machine) => cases.map(([, one]) => ({ machine, ...one })))
  const said = JSON.parse(
    execFileSync(python, ['-I', '-S', join(import.meta.dirname, 'filter.fixture.py'), pythonRoot], {
      input: JSON.stringify(input),
      encoding: 'utf8',
    }),
  ) as string[]
  expect(said.slice(cases.length)).toEqual(said.slice(0, cases.length))
  return cases.map(([, { call, ...one }], at) => [said[at], { ...(call === undefined ? {} : { call }), ...one }])
}
type Cases = readonly (readonly [string, Case])[]

test('a call that is about another process, another user or the kernel is forbidden; the same about oneself is not', () => {
  const cases: Cases = [
    ['EPERM', { call: 'ptrace' }],
    ['EPERM', { call: 'mount' }],
    ['EPERM', { call: 'setpriority', arguments: [0, 1] }],
    ['allowed', { call: 'setpriority', arguments: [0, 0] }],
    ['EPERM', { call: 'prlimit64', arguments: [77] }],
    ['EPERM', { call: 'prlimit64', arguments: [2 ** 32] }],
    ['allowed', { call: 'prlimit64', arguments: [0] }],
    ['EPERM', { call: 'clone', arguments: [newUser] }],
    ['EPERM', { call: 'clone', arguments: [0x00020000 + 17] }],
    ['allowed', { call: 'clone', arguments: [17] }],
    ['ENOSYS', { call: 'clone3' }],
  ]
  expect(verdicts(cases)).toEqual(cases)
})

test('sockets are of TCP, and connect where the server says; with the network declared they are free to', () => {
  const cases: Cases = [
    ['allowed', { call: 'socket', arguments: [internet, stream] }],
    ['EACCES', { call: 'socket', arguments: [internet, datagram] }],
    ['EACCES', { call: 'socket', arguments: [internet, raw] }],
    ['EACCES', { call: 'socket', arguments: [unix, stream] }],
    ['allowed', { call: 'socketpair', arguments: [unix, stream] }],
    ['EACCES', { call: 'socketpair', arguments: [unix, datagram] }],
    // Flags beside the kind are none of it.
    ['EACCES', { call: 'socketpair', arguments: [unix, datagram + 0o2000000] }],
    ['asked', { call: 'connect' }],
    ['EACCES', { call: 'bind' }],
    ['EACCES', { call: 'listen' }],
    ['EACCES', { call: 'sendto', arguments: [3, 0, 0, 0, 2 ** 40] }],
    ['allowed', { call: 'sendto', arguments: [3, 0, 0, 0, 0] }],
    ['EACCES', { call: 'sendmsg', arguments: [3, 0, fastOpen] }],
    ['EACCES', { call: 'sendmmsg', arguments: [3, 0, 1, fastOpen] }],
    ['allowed', { call: 'connect', network: true }],
    ['allowed', { call: 'socket', arguments: [internet, datagram], network: true }],
    ['EACCES', { call: 'socket', arguments: [internet, raw], network: true }],
    ['EACCES', { call: 'socket', arguments: [unix, stream], network: true }],
  ]
  expect(verdicts(cases)).toEqual(cases)
})

test('what Landlock does not keep yet on an old kernel, and what a user of its own would, the filter keeps', () => {
  const cases: Cases = [
    ['EPERM', { call: 'truncate', abi: 2 }],
    ['allowed', { call: 'truncate', abi: 3 }],
    ['asked', { call: 'kill', abi: 5 }],
    ['EPERM', { call: 'pidfd_send_signal', abi: 5 }],
    ['allowed', { call: 'kill', abi: 6 }],
    ['pretended', { call: 'fchmod', identity: false }],
    ['allowed', { call: 'fchmod', identity: true }],
    ['pretended', { call: 'utimensat', arguments: [-100, 4096] }],
    ['allowed', { call: 'utimensat', arguments: [3, 0] }],
    ['ENOTSUP', { call: 'setxattr' }],
  ]
  expect(verdicts(cases)).toEqual(cases)
})

test('a step stays in its process group, by its parent and on its processors', () => {
  const cases: Cases = [
    ['pretended', { call: 'setsid', pinned: false }],
    ['pretended', { call: 'setpgid', pinned: false }],
    ['pretended', { call: 'prctl', arguments: [1], pinned: false }],
    ['allowed', { call: 'prctl', arguments: [15], pinned: false }],
    ['allowed', { call: 'sched_setaffinity', pinned: false }],
    ['pretended', { call: 'sched_setaffinity', pinned: true }],
  ]
  expect(verdicts(cases)).toEqual(cases)
})

test('a call of another kind of machine ends the process, and one of the x32 kind is none', () => {
  const x86 = (cases: readonly Case[]): unknown[] =>
    JSON.parse(
      execFileSync(python, ['-I', '-S', join(import.meta.dirname, 'filter.fixture.py'), pythonRoot], {
        input: JSON.stringify(cases),
        encoding: 'utf8',
      }),
    ) as unknown[]
  // The calls of 32 bits, where ptrace has the number of another one; and ptrace under its number of x32.
  const i386 = 0x40000003
  expect(
    x86([
      { number: 26, architecture: i386 },
      { number: 1, architecture: i386 },
      { number: 0x40000000 + 521 },
      { number: 0x40000000 + 1 },
      { number: 1 },
    ]),
  ).toEqual(['killed', 'killed', 'ENOSYS', 'ENOSYS', 'allowed'])
})
