"""The Rasa side: hand-written examples, our components, and the server that runs them."""
