import { expect, test } from 'vitest'
import { placeInFolder } from './place-in-folder.ts'

test('a path that somebody else named stays in its folder', () => {
  expect(placeInFolder('/data/model', 'a/./b.txt')).toBe('/data/model/a/b.txt')
  for (const path of ['../x', '/../etc/passwd', 'a/../../x', '..', '', '.', 'a\\..\\b', 'a\u0000b', '../model-2/x'])
    expect(() => placeInFolder('/data/model', path), path).toThrow('leads out of /data/model')
})
