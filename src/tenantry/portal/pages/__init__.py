"""The pages: one router for each noun; they parse, ask one service, and render a view model."""
