// uPlot makes a number format of the browser's language while it is loaded; some headless browsers name one that is none (en-US@posix).
try {
  Intl.getCanonicalLocales(navigator.language)
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-GB', configurable: true })
}

export {}
