import { randomInt } from 'node:crypto'

const adjectives =
  'agile amber ample brave bright brisk calm candid clear clever coral crisp curious deft early eager fair fluent frank fresh gentle glad golden grand handy honest humble ivory jolly keen kind large lively loyal lucid mellow merry mild nimble noble open patient plain polite proud quick quiet rapid ready rosy rustic sage sharp shrewd silent sleek smart snug solid spry stately steady subtle sunny swift tidy upbeat vivid warm wise witty zesty'.split(
    ' ',
  )
const nouns =
  'acorn anchor arch aspen badger basin beacon birch bison brook canyon cedar cliff comet condor cove crane creek delta dune eagle elm ember falcon fern finch fjord forest fox gale garnet glade grove gull harbor hare heron hill ibis island jay juniper kestrel lagoon lark ledge lily lynx maple marten meadow mesa moss oak ocean orchid osprey otter owl pebble pine plover quail raven reef ridge river robin sable shore sparrow spruce stone swan tern thicket tide trout tulip valley vole willow wren'.split(
    ' ',
  )

/** A name for a run that was given none: adjective, noun, number. */
export function newRunName(): string {
  return `${adjectives[randomInt(adjectives.length)]}-${nouns[randomInt(nouns.length)]}-${randomInt(1000)}`
}
