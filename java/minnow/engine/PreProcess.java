package minnow.engine;

/**
 * How a picture comes into a tensor: cropped, turned clockwise by quarters, mirrored, resized, tensor = (pixel - mean) * scale.
 * minnow_pre_process of minnow_vision.h. It may be kept, and used for any picture; whoever changes it does so on one thread.
 */
public final class PreProcess {
  public enum Colour { RGB, BGR, GRAY }

  public enum Channels { AUTO, FIRST, LAST }

  private int fit, anchor, quarters, mirror, nearest, hasAlpha;
  private int cropX, cropY, cropWidth, cropHeight;
  private Colour colour = Colour.RGB;
  private Channels channels = Channels.AUTO;
  private float[] mean = {0, 0, 0}, scale = {1, 1, 1}, pad = {0, 0, 0};
  private float alpha;

  /** Keeps the picture's proportions, and leaves `pad` around it. */
  public PreProcess letterbox() {
    fit = 1;
    return this;
  }

  /** A letterboxed picture lies there, not in the centre. */
  public PreProcess topLeft() {
    anchor = 1;
    return this;
  }

  /** What the model expects. */
  public PreProcess colour(Colour colour) {
    this.colour = colour;
    return this;
  }

  /** Which axis they are, where the shape leaves that open. */
  public PreProcess channels(Channels channels) {
    this.channels = channels;
    return this;
  }

  /** One number, or one for each channel. */
  public PreProcess mean(float... mean) {
    this.mean = three(mean);
    return this;
  }

  /** One number, or one for each channel. */
  public PreProcess scale(float... scale) {
    this.scale = three(scale);
    return this;
  }

  /** One number, or one for each channel: pixel values, before mean and scale. */
  public PreProcess pad(float... pad) {
    this.pad = three(pad);
    return this;
  }

  /** The value of a last channel. */
  public PreProcess alpha(float alpha) {
    hasAlpha = 1;
    this.alpha = alpha;
    return this;
  }

  /** Of the picture as it lies, before it is turned. */
  public PreProcess crop(int x, int y, int width, int height) {
    if (width == 0) throw new IllegalArgumentException("the crop is empty");
    cropX = x;
    cropY = y;
    cropWidth = width;
    cropHeight = height;
    return this;
  }

  /** Clockwise, 0 to 3: of a camera, its sensor's orientation / 90. */
  public PreProcess quarters(int quarters) {
    this.quarters = quarters;
    return this;
  }

  public PreProcess mirror() {
    mirror = 1;
    return this;
  }

  /** The nearest pixel, instead of bilinear interpolation. */
  public PreProcess nearest() {
    nearest = 1;
    return this;
  }

  private static float[] three(float[] given) {
    if (given.length == 1) return new float[] {given[0], given[0], given[0]};
    if (given.length != 3) throw new IllegalArgumentException(given.length + " numbers; expected one, or three");
    return given.clone();
  }

  int[] choices() {
    return new int[] {fit, anchor, colour.ordinal(), channels.ordinal(), hasAlpha, cropX, cropY, cropWidth, cropHeight, quarters,
        mirror, nearest};
  }

  float[] numbers() {
    return new float[] {mean[0], mean[1], mean[2], scale[0], scale[1], scale[2], pad[0], pad[1], pad[2], alpha};
  }
}
