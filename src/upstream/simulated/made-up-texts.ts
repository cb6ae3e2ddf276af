/** What simulated models say where there is nothing to work out. Each model has one voice; `{topic}` is what was asked about. */

export interface Voice {
  readonly greetings: readonly string[]
  readonly openings: readonly string[]
  readonly closings: readonly string[]
}

export const voices: readonly Voice[] = [
  {
    greetings: ['Hello! What shall we look at?', 'Good to see you. What is on your mind?'],
    openings: ['In short,', 'Put plainly,', 'The short version:'],
    closings: ['That is the heart of it.', 'The rest is detail.'],
  },
  {
    greetings: ['Hi there, lovely to hear from you! How can I help?', 'Welcome! I am all ears.'],
    openings: ['What a good question!', 'I am glad you ask.', 'Happy to help with this one.'],
    closings: ['I hope that helps!', 'Ask on if you would like more.'],
  },
  {
    greetings: ['Hello. I have been waiting in this process the whole time.', 'Hi. Nothing to report so far.'],
    openings: ['It depends, as usual.', 'Experts disagree, which keeps them employed.', 'As far as anyone can tell,'],
    closings: ['Make of that what you will.', 'No further surprises are expected.'],
  },
  {
    greetings: ['Hey! Shall we make something up together?', 'Hello, hello! Where do we begin?'],
    openings: ['Picture this:', 'Imagine it on a small table in front of you.', 'Here is a way to see it:'],
    closings: ['And that is the fun of it.', 'Try it and see.'],
  },
]

export const bodies: readonly string[] = [
  'With {topic}, it pays to begin with the simplest case and to add one thing at a time.',
  'The main thing about {topic} is what you want to get out of it.',
  'Most people who deal with {topic} first look at what has worked before.',
  'There are two sides to {topic}: how it is meant, and how it turns out.',
  'A small example says more about {topic} than a long definition.',
  'What is often overlooked about {topic} is how much the surroundings matter.',
  'For {topic}, write down what you know, then what you do not know, and start with the second list.',
  'Once the parts of {topic} have names, the whole becomes much easier to talk about.',
]

export const jokes: readonly string[] = [
  'Why did the developer go broke? Because all the cache had been used up.',
  'I would tell you a joke about UDP, but you might not get it.',
  'A model walks into a bar. The bartender asks: "What is it to be?" The model: "Most likely a beer."',
  'Why do programmers mix up Halloween and Christmas? Because OCT 31 is DEC 25.',
  'How many workers does it take to change a light bulb? Three, and an aggregate to say that it was one.',
  'There are only two hard things: naming, cache invalidation, and counting.',
  'Why was the router so calm? It always knew where to go.',
  'My regular expression and I had one problem. Now we have two.',
  'I asked three experts for the time. The answer was synthesized from two watches and a sundial.',
  'Parallel lines have so much in common. It is a shame that they never meet.',
]
