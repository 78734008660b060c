// Sets the theme before the first paint; the rest of the choice lives in src/ui/color-mode.ts.
;(function () {
  var kept = null
  try {
    kept = localStorage.getItem('trivium.theme')
  } catch {
    // Storage may be switched off; then the system decides.
  }
  var dark = kept === 'dark' || (kept !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
})()
