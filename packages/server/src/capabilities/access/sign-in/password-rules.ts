import { signInErrors } from './errors.ts'

/** What people take first, as whole or with digits and signs around it. */
const everybodys = [
  'password',
  'passwort',
  'passphrase',
  'qwertyuiop',
  'qwertzuiop',
  'azertyuiop',
  'asdfghjkl',
  'iloveyou',
  'letmein',
  'changeme',
  'administrator',
  'welcome',
  'sunshine',
  'princess',
  'football',
  'baseball',
  'superman',
  'trustno',
  'trivium',
  'abcdefghijklmnopqrstuvwxyz',
]
const leastLength = 12
const mostLength = 256
const leastDifferent = 5

/** Throws for a password that is easily guessed: too short, the name, the product, what everybody takes, or few different letters. */
export function requireGoodPassword(password: string, name: string): void {
  const length = [...password].length
  if (length < leastLength)
    throw signInErrors.WEAK_PASSWORD(`it needs ${leastLength} characters, this one has ${length}`)
  if (length > mostLength) throw signInErrors.WEAK_PASSWORD(`it may have ${mostLength} characters`)
  const plain = password.normalize('NFKC').toLowerCase()
  const letters = plain.replaceAll(/[^\p{L}]/gu, '')
  const word = name.toLowerCase().replaceAll(/[^\p{L}]/gu, '')
  if (new Set(plain).size < leastDifferent) throw signInErrors.WEAK_PASSWORD('it has few different characters')
  if (word.length >= 3 && letters.replaceAll(word, '').length < 4 && letters.includes(word))
    throw signInErrors.WEAK_PASSWORD('it is made of the name')
  // Signs in place of letters are tried as early as the letters.
  for (const text of [letters, lettersFor(plain)])
    for (const known of everybodys)
      if (text.includes(known) && text.replaceAll(known, '').length < 4)
        throw signInErrors.WEAK_PASSWORD('it is one of those that are tried first')
  if (isSequence(plain)) throw signInErrors.WEAK_PASSWORD('it counts up or down')
}

function lettersFor(text: string): string {
  const signs: Record<string, string> = { '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's' }
  return [...text]
    .map((one) => signs[one] ?? one)
    .join('')
    .replaceAll(/[^\p{L}]/gu, '')
}

/** Nearly every character follows on the one before it: 123456789012. */
function isSequence(text: string): boolean {
  let steps = 0
  for (let i = 1; i < text.length; i += 1) {
    const step = text.charCodeAt(i) - text.charCodeAt(i - 1)
    if (Math.abs(step) === 1 || Math.abs(step) === 9) steps += 1
  }
  return steps >= text.length - 3
}
