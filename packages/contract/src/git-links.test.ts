import { describe, expect, test } from 'vitest'
import { gitRepository, withoutPassword } from './git-links.ts'

const sha = '7f3ac91d0c6b1d2e3f405162738495a6b7c8d9e0'

test.each([
  ['https://github.com/acme/delays.git', 'https://github.com/acme/delays', 'GitHub', 'acme/delays'],
  ['https://github.com/acme/delays/', 'https://github.com/acme/delays', 'GitHub', 'acme/delays'],
  ['http://github.com/acme/delays', 'https://github.com/acme/delays', 'GitHub', 'acme/delays'],
  ['https://ann:gh_secret@github.com/acme/delays.git', 'https://github.com/acme/delays', 'GitHub', 'acme/delays'],
  ['git@github.com:acme/delays.git', 'https://github.com/acme/delays', 'GitHub', 'acme/delays'],
  ['GitHub.com:acme/de.lays', 'https://github.com/acme/de.lays', 'GitHub', 'acme/de.lays'],
  ['ssh://git@ssh.github.com:443/acme/delays.git', 'https://github.com/acme/delays', 'GitHub', 'acme/delays'],
  ['git://github.com/acme/delays.git', 'https://github.com/acme/delays', 'GitHub', 'acme/delays'],
  [
    'git@github.acme.example:ml/delays.git',
    'https://github.acme.example/ml/delays',
    'github.acme.example',
    'ml/delays',
  ],
  ['git@gitlab.com:acme/ml/air/delays.git', 'https://gitlab.com/acme/ml/air/delays', 'GitLab', 'acme/ml/air/delays'],
  [
    'ssh://git@gitlab.acme.example:2222/ml/air/delays.git',
    'https://gitlab.acme.example/ml/air/delays',
    'gitlab.acme.example',
    'ml/air/delays',
  ],
  [
    'https://gitlab.acme.example:8443/ml/delays.git',
    'https://gitlab.acme.example:8443/ml/delays',
    'gitlab.acme.example',
    'ml/delays',
  ],
  [
    'http://oauth2:t@gitlab.acme.example:8080/ml/delays',
    'http://gitlab.acme.example:8080/ml/delays',
    'gitlab.acme.example',
    'ml/delays',
  ],
  ['git@bitbucket.org:acme/delays.git', 'https://bitbucket.org/acme/delays', 'Bitbucket', 'acme/delays'],
  ['https://ann@bitbucket.org/acme/delays.git', 'https://bitbucket.org/acme/delays', 'Bitbucket', 'acme/delays'],
  ['https://codeberg.org/acme/delays.git', 'https://codeberg.org/acme/delays', 'Codeberg', 'acme/delays'],
  ['gitea@gitea.acme.example:ml/delays.git', 'https://gitea.acme.example/ml/delays', 'gitea.acme.example', 'ml/delays'],
  [
    'https://forgejo.acme.example/ml/delays',
    'https://forgejo.acme.example/ml/delays',
    'forgejo.acme.example',
    'ml/delays',
  ],
  [
    'https://dev.azure.com/acme/Air%20ML/_git/delays',
    'https://dev.azure.com/acme/Air%20ML/_git/delays',
    'Azure DevOps',
    'acme/Air ML/delays',
  ],
  [
    'https://acme@dev.azure.com/acme/air/_git/delays',
    'https://dev.azure.com/acme/air/_git/delays',
    'Azure DevOps',
    'acme/air/delays',
  ],
  [
    'https://dev.azure.com/acme/_git/delays',
    'https://dev.azure.com/acme/delays/_git/delays',
    'Azure DevOps',
    'acme/delays/delays',
  ],
  [
    'git@ssh.dev.azure.com:v3/acme/air/delays',
    'https://dev.azure.com/acme/air/_git/delays',
    'Azure DevOps',
    'acme/air/delays',
  ],
  [
    'https://acme.visualstudio.com/DefaultCollection/air/_git/delays',
    'https://dev.azure.com/acme/air/_git/delays',
    'Azure DevOps',
    'acme/air/delays',
  ],
  [
    'acme@vs-ssh.visualstudio.com:v3/acme/air/delays',
    'https://dev.azure.com/acme/air/_git/delays',
    'Azure DevOps',
    'acme/air/delays',
  ],
])('%s is at %s', (remote, href, host, name) => {
  expect(gitRepository(remote)).toMatchObject({ href, host, name })
})

test.each([
  ['https://github.com/a/b', `/commit/${sha}`, `/blob/${sha}/src/a%20b%23.py`],
  ['https://gitlab.com/a/b', `/-/commit/${sha}`, `/-/blob/${sha}/src/a%20b%23.py`],
  ['https://bitbucket.org/a/b', `/commits/${sha}`, `/src/${sha}/src/a%20b%23.py`],
  ['https://codeberg.org/a/b', `/commit/${sha}`, `/src/commit/${sha}/src/a%20b%23.py`],
  ['https://dev.azure.com/o/a/_git/b', `/commit/${sha}`, `?path=/src/a%20b%23.py&version=GC${sha}`],
])('%s shows commits and files where its host has them', (remote, commit, file) => {
  const found = gitRepository(remote)
  expect([found?.commit(sha), found?.file(sha, 'src/a b#.py')]).toEqual([remote + commit, remote + file])
})

describe('no link comes of', () => {
  test.each([
    '',
    'javascript:alert(1)',
    'javascript://github.com/%0aalert(1)/b',
    'data:text/html,github.com/a/b',
    'file:///github.com/a/b',
    '//github.com/a/b',
    '/srv/git/delays.git',
    '../delays',
    'C:\\delays',
    'https://github.com',
    'https://github.com/acme',
    'https://github.com/acme/delays/tree/main',
    'https://git.acme.example/ml/delays.git',
    'https://notgithub.example/a/b',
    'https://github.com.evil.example/a/b',
    'git@gitlab.com.evil.example:a/b',
    'https://github.com@evil.example/a/b',
    'https://github.com:x@evil.example/a/b',
    'https://github.com%2f@evil.example/a/b',
    'https://a@b@github.com/a/b',
    'https://github.com\\@evil.example/a/b',
    'https://github.com/a/b?x=1',
    'https://github.com/a/b#x',
    'https://github.com/a/../b',
    'https://github.com/%2e%2e/b',
    'https://github.com/a%2fc/b',
    'https://github.com/a%0a/b',
    'https://github.com/a/%',
    'https://github.com/a//b',
    'https://gith\tub.com/a/b',
    'https://github.com/a/b\u0000',
    ' https://github.com/a/b',
    'https://git\u200bhub.com/a/b',
    'https://ｇithub.com/a/b',
    'https://[::1]/a/b',
    'gitlab:a/b',
    'git@gitlab.com:-/b/../c',
    'https://dev.azure.com/acme/air/delays',
    'https://dev.azure.com/acme/a/_git/b/c',
    `https://github.com/a/${'b'.repeat(2000)}`,
  ])('%j', (remote) => {
    expect(gitRepository(remote)).toBeUndefined()
  })

  test('what is no commit, and a path that leaves the repository', () => {
    const found = gitRepository('https://github.com/a/b')
    for (const commit of ['', 'main', '../../x', `${sha}?x`, sha.toUpperCase(), `${sha}\n`])
      expect([found?.commit(commit), found?.file(commit, 'a.py')]).toEqual([undefined, undefined])
    for (const path of ['', '/a', 'a//b', '../a', 'a/./b', 'a\\b', 'a\u0007', '\ud800'])
      expect(found?.file(sha, path)).toBeUndefined()
  })
})

test('an address is shown without name and password', () => {
  expect(withoutPassword('https://ann:se@cret@git.example.org/a@b.git')).toBe('https://git.example.org/a@b.git')
  expect(withoutPassword('git@git.example.org:a.git')).toBe('git@git.example.org:a.git')
})
