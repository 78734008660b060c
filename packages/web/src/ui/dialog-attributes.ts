/** The head of a dialog is drawn as `<header>`; the banner of the page is another one. */
export const dialogAttributes = { header: { role: 'presentation' } }
