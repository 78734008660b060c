import { type Defence, defencesOf } from './defence.ts'

const sandbox = 'drivers/python-runner/sandbox.test.ts'
const chain = 'kernel/events/event-chain.test.ts'

const refused = (call: string) =>
  [
    `a step calls no ${call}`,
    `rules = [(name, [ret(refuse(errno.EPERM))]) for name in REFUSED]`,
    `rules = [(name, [ret(refuse(errno.EPERM))]) for name in REFUSED if name != "${call}"]`,
    { hole: 'too much power at run time' },
  ] as const

/** The boundary around code of people, and the chain of events. */
export const codeDefences: readonly Defence[] = [
  ...defencesOf(
    'python/trivium_runner/seccomp.py',
    ['drivers/python-runner/filter.test.ts', sandbox],
    [
      ...[
        'ptrace',
        'unshare',
        'mount',
        'io_uring_setup',
        'shmget',
        'keyctl',
        'process_vm_readv',
        'open_by_handle_at',
        'bpf',
        'perf_event_open',
        'userfaultfd',
      ].map(refused),
      [
        'a step changes no modes of what it cannot write',
        `rules += [(name, [ret(PRETEND)]) for name in PRETENDED]`,
        'pass',
        { hole: 'too much power at run time' },
      ],
      ['a step changes no times of what it cannot write', `("utimensat", when_not_zero(1, PRETEND)),`, ''],
      ['a step makes no namespaces by clone', `("clone", when_set(0, NEW_NAMESPACES, refuse(errno.EPERM))),`, ''],
      ['a step sets no limits of others', `("prlimit64", when_not_zero(0, refuse(errno.EPERM))),`, ''],
      ['a step changes no priority of others', `("setpriority", when_not_zero(1, refuse(errno.EPERM))),`, ''],
      ['a step opens sockets of TCP only', `("socket", sockets(network)),`, '', { hole: 'server-side requests' }],
      [
        'a step makes no pairs of datagram sockets',
        `("socketpair", [argument(1), (AND, 0, 0, 0xF), (EQUAL, 0, 1, SOCK_DGRAM), ret(denied), ret(ALLOW)]),`,
        '',
      ],
      ['a step connects to its own server only', `("connect", [ret(NOTIFY)]),`, '', { hole: 'server-side requests' }],
      ['a step listens not', `("bind", [ret(denied)]),\n            ("listen", [ret(denied)]),`, ''],
      ['a step connects not by sending', `("sendto", when_not_zero(4, denied)),`, '', { hole: 'server-side requests' }],
      [
        'a step truncates no file of others on old kernels',
        `    if abi < 3:\n        rules.append(`,
        `    if abi < 0:\n        rules.append(`,
      ],
      [
        'a step signals nobody on old kernels',
        `    if abi < 6:\n        rules +=`,
        `    if abi < 0:\n        rules +=`,
      ],
      ['a step stays in its process group', `("setpgid", [ret(PRETEND)]),`, ''],
      ['a step stays on its processors', 'if pinned else rules', 'if False else rules'],
      [
        'a call of another architecture ends the step',
        '(EQUAL, 1, 0, architecture), ret(KILL)',
        '(EQUAL, 1, 0, architecture), ret(ALLOW)',
      ],
      [
        'a call of the x32 kind is none',
        '(AT_LEAST, 0, 1, 0x40000000), ret(refuse(errno.ENOSYS))',
        '(AT_LEAST, 0, 1, 0x40000000), ret(ALLOW)',
      ],
    ],
  ),
  ...defencesOf(
    'python/trivium_runner/landlock.py',
    [sandbox],
    [
      [
        'a step reads what it was given',
        '        # Semaphores and shared memory of multiprocessing;',
        '        ("/", READ),\n        #',
        { hole: 'too much power at run time' },
      ],
      [
        'a step writes what it was given',
        '        # Semaphores and shared memory of multiprocessing;',
        '        ("/", rights(abi)),\n        #',
        { hole: 'file write' },
      ],
      [
        'a step writes to no input',
        '*((path, READ) for path in read),',
        '*((path, rights(abi)) for path in read),',
        { hole: 'file write' },
      ],
      [
        'no list of shared memory',
        '("/dev/shm", rights(abi) & ~(READ_DIR | EXECUTE)),',
        '("/dev/shm", rights(abi)),',
        { hole: 'temporary files' },
      ],
    ],
  ),
  ...defencesOf(
    'python/trivium_runner/sandbox.py',
    [sandbox],
    [
      ['files of a step are for its own eyes', 'os.umask(0o077)', 'os.umask(0)', { hole: 'temporary files' }],
      [
        'a step leaves no memory on the disk',
        'resource.setrlimit(resource.RLIMIT_CORE, (0, 0))',
        'pass',
        { hole: 'temporary files' },
      ],
      [
        'a step gives up the powers of root',
        'set_capabilities(effective_capabilities() & KEPT)',
        'pass',
        { hole: 'too much power at run time' },
      ],
      [
        'a step of another project is another user',
        'os.setresuid(number, number, number)',
        'pass',
        { hole: 'too much power at run time' },
      ],
      ['a step ends with its server', 'for pid in children(os.getpid()):', 'for pid in []:'],
      [
        'processes of a step are bounded',
        'limit_processes(config)\n    if config',
        'if config',
        { hole: 'denial of service' },
      ],
    ],
  ),
  ...defencesOf(
    'python/trivium_runner/fork_server.py',
    [sandbox],
    [
      [
        'a file of a step has a size',
        'resource.setrlimit(resource.RLIMIT_FSIZE,',
        'str(',
        { hole: 'denial of service' },
      ],
      [
        'memory of a step is bounded',
        'resource.setrlimit(resource.RLIMIT_DATA, (most, most))',
        'pass',
        { hole: 'denial of service' },
      ],
    ],
  ),
  ...defencesOf(
    'drivers/python-runner/boundary.ts',
    ['drivers/python-runner/boundary.test.ts'],
    [
      [
        'a step gets nothing of the environment but what it needs',
        'kept.includes(name) ||',
        'name !== "" ||',
        { hole: 'too much power at run time' },
      ],
      [
        'a step without the network gets no password of a proxy',
        '(network && proxies.test(name))',
        'proxies.test(name)',
      ],
      ['an interpreter in a home opens not the home', `if ([data, homedir(), '/'].some(`, `if ([].some(`],
    ],
  ),
  ...defencesOf(
    'drivers/python-runner/code-policy.ts',
    ['look-at-code.test.ts'],
    [
      [
        'code runs uncontained for one person only',
        'return count < 2 ? undefined : tooMany(count)',
        'return count < 2 || tooMany ? undefined : ""',
        { hole: 'too much power at run time' },
      ],
      [
        'where code is off none runs',
        `if (codeExecution === 'off') return`,
        `if (codeExecution !== 'off' && codeExecution !== 'contained' && codeExecution !== 'uncontained') return`,
      ],
    ],
  ),
  ...defencesOf(
    'kernel/events/verify-chain-thread.ts',
    [chain],
    [
      [
        'a changed event is found',
        'if (row?.id === member.id && eventDigest(row) === member.digest) continue',
        'if (row?.id === member.id && (eventDigest(row) || true)) continue',
      ],
      ['a removed event is found', 'if (!row && member.batch <= walk.archived) continue', 'if (!row) continue'],
      ['an event that was put in is found', '  for (const row of bySeq.values()) problems.add(inserted(row))\n', ''],
      [
        'an event that was put in before the first or after the last is found',
        '  for (const row of rows) problems.add(inserted(row))\n  const beyond',
        '  const beyond',
      ],
      [
        'an event that was put in beyond the numbers is found',
        '  for (const row of beyond) if ((row.seq ?? 0) > now.sealed_seq) problems.add(inserted(row))\n',
        '  void now\n',
      ],
      ['a changed batch is found', 'if (batchDigest(batch) !== batch.digest)', 'if (false as boolean)'],
      [
        'a batch that does not follow is found',
        'else if (batch.previous !== walk.digest)',
        'else if (false as boolean)',
      ],
      ['a missing batch is found', 'if (batch.number !== walk.number + 1)', 'if (false as boolean)'],
      ['a batch that lists other events is found', 'if (!rising || seqs.length', 'if (false && seqs.length'],
      ['a chain that was cut off is found', 'else if (before.batches > number)', 'else if (false as boolean)'],
      [
        'a chain that was made anew is found by what was signed',
        "    else\n      problems.add({\n        kind: 'rewritten',",
        "    else if (false as boolean)\n      problems.add({\n        kind: 'rewritten',",
      ],
      [
        'an end that was cut off is found by what was signed',
        'else if (checkpoint.batch > number)',
        'else if (checkpoint.batch > number && false)',
      ],
      [
        'a last batch that was made anew is found',
        'else if (seen.get(before.batches) !== before.digest)',
        'else if (false as boolean)',
      ],
      [
        'a row of the chain that is gone is found',
        'if (number > 0 && !(await readStanding(db, project)))',
        'if (false as boolean)',
      ],
    ],
  ),
  ...defencesOf(
    'kernel/events/checkpoint.ts',
    [chain],
    [
      [
        'a signature is checked',
        `if (!verify(null, Buffer.from(canonicalJson(checkpoint)), key.publicKey, Buffer.from(signature, 'base64')))`,
        'if ((void verify, void key, signature === ""))',
      ],
      [
        'a key is one of ours',
        'keys.find(({ keyId, publicKey }) => keyId === checkpoint.keyId && keyIdOf(publicKey) === keyId)',
        'keys.find(({ keyId, publicKey }) => keyIdOf(publicKey) === keyId)',
      ],
      [
        'a checkpoint is of its own project',
        'if (checkpoint.project !== project) return',
        'if (false as boolean) return',
      ],
    ],
  ),
  ...defencesOf(
    'kernel/events/canonical-event.ts',
    [chain],
    [
      ['who did it is in the digest', '"by":${text(row.by)},', '"by":"",'],
      ['what it is about is in the digest', '"refs":${canonicalText(row.refs)},', '"refs":[],'],
    ],
  ),
  ...defencesOf(
    'kernel/events/event-routes.ts',
    ['kernel/events/event-stream.test.ts'],
    [
      [
        'a slow reader of a stream takes a bounded memory',
        `if (!raw.write(\`id: \${event.seq}\\nevent: event\\ndata: \${JSON.stringify(event)}\\n\\n\`)) await drained(raw)`,
        `raw.write(\`id: \${event.seq}\\nevent: event\\ndata: \${JSON.stringify(event)}\\n\\n\`), void drained`,
        { hole: 'denial of service' },
      ],
    ],
  ),
]
